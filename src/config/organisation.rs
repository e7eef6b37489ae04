//! `[organisation]`: whose mail is audited.

use toml::Spanned;

use super::ConfigError;
use super::domains::parse_domain;
use super::file::{Document, RawOrganisation};
use crate::mailbox::Organisation;

/// Checks the section.
pub(super) fn organisation(
    document: &Document<'_>,
    raw: &RawOrganisation,
) -> Result<Organisation, ConfigError> {
    let domains = domain_list(document, raw.domains.get_ref())?;
    if domains.is_empty() {
        return Err(document.error(
            &raw.domains.span(),
            "name at least one domain: without it nobody is outside the organisation",
        ));
    }
    let mut phones = Vec::new();
    for written in &raw.phones {
        let phone = written.get_ref().trim();
        let sound = phone.bytes().filter(u8::is_ascii_digit).count() >= 3
            && phone
                .chars()
                .all(|c| c.is_ascii_digit() || "+-./() xX".contains(c));
        if !sound {
            return Err(document.error(
                &written.span(),
                format!("`{phone}` is no number range: write it like \"+34 91 555 01xx\", x for any digit"),
            ));
        }
        phones.push(phone.to_owned());
    }
    let region = raw
        .region
        .as_ref()
        .map(|r| region(document, r))
        .transpose()?;
    Ok(Organisation {
        domains,
        phones,
        region,
    })
}

fn region(document: &Document<'_>, written: &Spanned<String>) -> Result<String, ConfigError> {
    parse_region(written.get_ref()).map_err(|problem| document.error(&written.span(), problem))
}

/// An ISO 3166-1 alpha-2 code, in upper case.
///
/// # Errors
/// Says what to write.
pub(crate) fn parse_region(written: &str) -> Result<String, String> {
    let code = written.trim().to_ascii_uppercase();
    // People know the country's Internet domain better than its code.
    let code = if code == "UK" { "GB".to_owned() } else { code };
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(format!(
            "`{}` is no country code: write two letters, like ES",
            written.trim()
        ))
    }
}

/// Domains in lower case, each once.
pub(super) fn domain_list(
    document: &Document<'_>,
    written: &[Spanned<String>],
) -> Result<Vec<String>, ConfigError> {
    let mut domains = Vec::new();
    for domain in written {
        let parsed = parse_domain(domain.get_ref())
            .map_err(|problem| document.error(&domain.span(), problem))?;
        if !domains.contains(&parsed) {
            domains.push(parsed);
        }
    }
    Ok(domains)
}
