//! Domains where anybody has an address: free-mail and Internet access providers.

use std::collections::HashSet;
use std::sync::LazyLock;

static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("free_mail.txt")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .collect()
});

/// Whether a domain (any case) is a free-mail or Internet access provider's, or lies below one.
#[must_use]
pub fn is_free_mail(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let mut rest = domain.as_str();
    loop {
        if DOMAINS.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_free_mail;

    #[test]
    fn providers() {
        assert!(is_free_mail("GMAIL.com") && is_free_mail("pop.telefonica.net"));
        assert!(!is_free_mail("acme.example") && !is_free_mail("com"));
    }
}
