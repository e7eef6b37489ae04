//! A certificate authority that lives as long as the demonstration, and one server certificate from it.

use std::io;

use jiff::civil::Date;
use native_tls::Identity;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// What the server shows, and what its clients trust.
pub(super) struct Certificates {
    /// The certificate authority, PEM.
    pub(super) authority_pem: String,
    /// The server's certificate for `host`, with its key.
    pub(super) identity: Identity,
}

/// Makes both; the authority's key is forgotten at once. `host` is a DNS name or an IP address.
///
/// # Errors
/// The cryptographic library's, which have no cause in the input.
pub(super) fn issue(host: &str, today: Date) -> io::Result<Certificates> {
    let mut authority = params(Vec::new(), "sent-audit demonstration CA", today)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let authority_pem = authority
        .self_signed(&authority_key)
        .map_err(io::Error::other)?
        .pem();

    let mut server = params(vec![host.to_owned()], host, today)?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate().map_err(io::Error::other)?;
    let server_pem = server
        .signed_by(&server_key, &Issuer::new(authority, authority_key))
        .map_err(io::Error::other)?
        .pem();
    let key_pem = server_key.serialize_pem();
    let identity = Identity::from_pkcs8(server_pem.as_bytes(), key_pem.as_bytes())
        .map_err(io::Error::other)?;
    Ok(Certificates {
        authority_pem,
        identity,
    })
}

/// Valid from yesterday, since clocks and time zones differ, for a month.
fn params(names: Vec<String>, title: &str, today: Date) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, title);
    let from = today.yesterday().unwrap_or(today);
    let until = today
        .checked_add(jiff::Span::new().days(30))
        .unwrap_or(today);
    let midnight = |date: Date| {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        date_time_ymd(date.year().into(), month, day)
    };
    params.not_before = midnight(from);
    params.not_after = midnight(until);
    Ok(params)
}
