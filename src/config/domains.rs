//! Mail domains and addresses as people write them into configurations and lists.

/// A domain in lower case, without a leading `@` or `*.`.
///
/// # Errors
/// What is no domain, and a public suffix (`com`, `co.uk`): everybody would belong to it.
pub(crate) fn parse_domain(written: &str) -> Result<String, String> {
    let domain = written.trim().to_lowercase();
    let domain = domain.strip_prefix('*').unwrap_or(&domain);
    let domain = domain.strip_prefix('@').unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let sound = domain.contains('.')
        && domain.len() <= 253
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        });
    if !sound {
        return Err(format!(
            "`{}` is no domain: write it like acme.example",
            written.trim()
        ));
    }
    let suffix = psl::suffix(domain.as_bytes());
    if suffix
        .is_some_and(|s| s.typ() == Some(psl::Type::Icann) && s.as_bytes() == domain.as_bytes())
    {
        return Err(format!(
            "everybody may have a domain below `{domain}`: write the whole domain, like acme.{domain}"
        ));
    }
    Ok(domain.to_owned())
}

/// An addr-spec or a domain, in lower case; `mailto:`, `Name <…>` and a leading `@` are taken off.
///
/// # Errors
/// What is neither.
pub(crate) fn parse_address_or_domain(written: &str) -> Result<String, String> {
    let written = written.trim();
    let inner = match (written.rfind('<'), written.ends_with('>')) {
        (Some(open), true) => written
            .get(open + 1..written.len() - 1)
            .unwrap_or(written)
            .trim(),
        _ => written,
    };
    let inner = match inner.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => inner.get(7..).unwrap_or(""),
        _ => inner,
    };
    let wrong = || {
        format!(
            "`{written}` is neither an address (ana@client.example) nor a domain (client.example)"
        )
    };
    let Some((local, domain)) = inner.rsplit_once('@') else {
        return parse_domain(inner).map_err(|problem| {
            if inner.contains('.') {
                problem
            } else {
                wrong()
            }
        });
    };
    if matches!(local, "" | "*") {
        return parse_domain(domain);
    }
    if local.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '@' | ',' | ';' | '|' | '<' | '>')
    }) {
        return Err(format!("{}, one on each line", wrong()));
    }
    // Anybody's mailbox may lie right below a public suffix; only as a whole domain it would mean everybody.
    match parse_domain(domain) {
        Ok(domain) => Ok(format!("{}@{domain}", local.to_lowercase())),
        Err(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(actual: Result<String, String>, expected: Result<&str, &str>) {
        match (actual, expected) {
            (Ok(actual), Ok(expected)) => assert_eq!(actual, expected),
            (Err(actual), Err(expected)) => assert!(actual.contains(expected), "{actual}"),
            (actual, _) => panic!("{actual:?}"),
        }
    }

    #[test]
    fn domains() {
        check(parse_domain("ACME.example"), Ok("acme.example"));
        check(parse_domain(" @acme.example. "), Ok("acme.example"));
        check(parse_domain("*.acme.example"), Ok("acme.example"));
        check(parse_domain("MÜLLER.example"), Ok("müller.example"));
        check(parse_domain("acme.co.uk"), Ok("acme.co.uk"));
        check(parse_domain("co.uk"), Err("everybody"));
        check(parse_domain("acme"), Err("no domain"));
        check(parse_domain("com"), Err("no domain"));
        check(parse_domain(""), Err("no domain"));
        check(parse_domain("a..example"), Err("no domain"));
        check(parse_domain("https://acme.example"), Err("no domain"));
        check(parse_domain("ana@acme.example"), Err("no domain"));
        check(parse_domain("acme.example, acme.example"), Err("no domain"));
    }

    #[test]
    fn addresses() {
        let check = |written, expected| check(parse_address_or_domain(written), expected);
        check("Ana@Client.example", Ok("ana@client.example"));
        check("Ana Ruiz <ana@client.example>", Ok("ana@client.example"));
        check("MAILTO:ana@client.example", Ok("ana@client.example"));
        check("@client.example", Ok("client.example"));
        check("*@client.example", Ok("client.example"));
        check("client.example", Ok("client.example"));
        check("Client Ltd", Err("neither"));
        check("ana@", Err("neither"));
        check("@", Err("no domain"));
        check("a@b.example; c@d.example", Err("one on each line"));
        check("co.uk", Err("everybody"));
    }
}
