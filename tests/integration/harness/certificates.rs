//! A certificate authority per test, and a server certificate for `localhost`, not for its address.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

pub(crate) struct Certificates {
    pub(crate) authority: String,
    pub(crate) server: String,
    pub(crate) server_key: String,
}

impl Certificates {
    pub(crate) fn issue() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority
            .distinguished_name
            .push(DnType::CommonName, "test CA");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate().unwrap();
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();

        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server_key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let server_pem = server.signed_by(&server_key, &issuer).unwrap().pem();
        Self {
            authority: authority_pem,
            server: server_pem,
            server_key: server_key.serialize_pem(),
        }
    }
}
