//! The forms that texts and numbers in fields must have.
//!
//! Owns the predicates of `k8s.io/apimachinery/pkg/util/validation` (v1.37) other than those for names, which `names` has.

use super::names::is_dns_subdomain;

/// `IsQualifiedName`: an optional DNS domain and `/`, then at most 63 of `[-A-Za-z0-9_.]` with letters or digits at both ends.
pub(super) fn is_qualified_name(text: &str) -> bool {
    let name = match text.split_once('/') {
        Some((domain, name)) if is_dns_subdomain(domain) => name,
        Some(_) => return false,
        None => text,
    };
    !name.is_empty() && is_label_value(name)
}

/// `IsValidLabelValue`.
pub(super) fn is_label_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_none_or(u8::is_ascii_alphanumeric);
    let inner = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
}

/// `IsValidPortNum`.
pub(super) fn is_port(number: i64) -> bool {
    (1..=65535).contains(&number)
}

/// `IsValidPortName`.
pub(super) fn is_port_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 15
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        && bytes.iter().any(u8::is_ascii_lowercase)
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// `IsValidUserID`, `IsValidGroupID`.
pub(super) fn is_user_id(number: i64) -> bool {
    (0..=i64::from(i32::MAX)).contains(&number)
}

/// `IsRelaxedEnvVarName`: printable ASCII without `=`.
pub(super) fn is_variable_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=')
}

/// `IsConfigMapKey`.
pub(super) fn is_config_key(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        && text != "."
        && !text.starts_with("..")
}

/// `IsHTTPHeaderName`.
pub(super) fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `IsValidPercent`.
pub(super) fn is_percent(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `IsDNS1123SubdomainWithUnderscore`.
pub(super) fn is_dns_subdomain_with_underscore(text: &str) -> bool {
    let part = |label: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        edge(label.bytes().next()) && edge(label.bytes().next_back()) && label.bytes().all(inner)
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// `IsWildcardDNS1123Subdomain`.
pub(super) fn is_wildcard_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.strip_prefix("*.").is_some_and(is_dns_subdomain)
}

/// `IsDomainPrefixedPath`, `IsDomainPrefixedKey`: what is wrong with a text of the form `domain/path`, if anything.
pub(super) fn is_domain_prefixed(text: &str) -> bool {
    let Some((domain, path)) = text.split_once('/') else { return false };
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    is_dns_subdomain(domain) && !path.is_empty() && path.bytes().all(inner)
}

/// `IsFullyQualifiedName`: a DNS subdomain of three labels or more.
pub(super) fn is_fully_qualified(text: &str) -> bool {
    is_dns_subdomain(text) && text.split('.').count() >= 3
}

/// `path.IsAbs`.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

/// Whether a path has no part `..` (`validatePathNoBacksteps`).
pub(super) fn stays_below(path: &str) -> bool {
    path.split('/').all(|part| part != "..")
}

/// An address as fields take it (`IsValidIPForLegacyField`): no leading zeros, not IPv4 within IPv6.
pub(super) fn address(text: &str) -> Option<std::net::IpAddr> {
    let ip: std::net::IpAddr = text.parse().ok()?;
    match ip {
        std::net::IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => None,
        _ => Some(ip),
    }
}

/// An address as Go's `ParseIPSloppy` reads it: leading zeros allowed.
pub(super) fn sloppy_address(text: &str) -> Option<std::net::IpAddr> {
    if text.contains(':') {
        return text.parse::<std::net::Ipv6Addr>().ok().map(std::net::IpAddr::V6);
    }
    let mut bytes = [0u8; 4];
    let mut parts = text.split('.');
    for byte in &mut bytes {
        let part = parts.next()?;
        let digits = part.trim_start_matches('0');
        let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        *byte = if digits.is_empty() && plain { 0 } else { digits.parse().ok().filter(|_| plain)? };
    }
    parts.next().is_none().then(|| std::net::IpAddr::from(bytes))
}

/// Whether it is an address in the form Go would write it (`IsValidIP`).
pub(super) fn is_strict_address(text: &str) -> bool {
    match address(text) {
        Some(std::net::IpAddr::V4(ip)) => ip.to_string() == text,
        Some(std::net::IpAddr::V6(ip)) => ip.to_ipv4_mapped().is_none() && ip.to_string() == text,
        None => false,
    }
}

/// A range of addresses as Go's `ParseCIDRSloppy` reads it: the address and the length of the prefix.
pub(super) fn sloppy_cidr(text: &str) -> Option<(std::net::IpAddr, u32)> {
    let (ip, length) = text.split_once('/')?;
    let ip = sloppy_address(ip)?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    if length.is_empty() || length.len() > 3 || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    length.parse().ok().filter(|l| *l <= most).map(|l| (ip, l))
}

/// A range of addresses as fields take it (`IsValidCIDRForLegacyField`): no leading zeros, and no bits beyond the prefix.
pub(super) fn cidr(text: &str) -> Option<(std::net::IpAddr, u32)> {
    let (ip, length) = sloppy_cidr(text)?;
    let (written, digits) = text.split_once('/')?;
    let plain = address(written).is_some() && (digits == "0" || !digits.starts_with('0'));
    (plain && network(ip, length) == ip).then_some((ip, length))
}

/// The first address of a range.
pub(super) fn network(ip: std::net::IpAddr, length: u32) -> std::net::IpAddr {
    match ip {
        std::net::IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            std::net::Ipv4Addr::from(u32::from(ip) & mask).into()
        }
        std::net::IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            std::net::Ipv6Addr::from(u128::from(ip) & mask).into()
        }
    }
}

/// Whether it is a range in the form Go would write it (`IsValidCIDR`).
pub(super) fn is_strict_cidr(text: &str) -> bool {
    cidr(text).is_some_and(|(ip, length)| {
        text.split_once('/').is_some_and(|(a, _)| is_strict_address(a)) && format!("{}/{length}", network(ip, length)) == text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_forms() {
        assert!(is_qualified_name("a.b/C_d") && !is_qualified_name("/a") && !is_qualified_name("a/") && !is_qualified_name("a/b/c"));
        assert!(is_port_name("http-2") && !is_port_name("80") && !is_port_name("a--b") && !is_port_name("Http"));
        assert!(is_config_key("a.b") && !is_config_key("..") && !is_config_key("..a") && is_config_key(".a") && !is_config_key(""));
        assert!(is_variable_name("1a b") && !is_variable_name("a=b") && !is_variable_name(""));
        assert!(is_percent("10%") && !is_percent("%") && !is_percent("-1%"));
        assert!(stays_below("a/..b") && !stays_below("a/../b"));
        assert!(is_domain_prefixed("a.b/c/d") && !is_domain_prefixed("a.b") && !is_domain_prefixed("a.b/"));
    }

    #[test]
    fn addresses_are_read_as_go_does() {
        assert_eq!(sloppy_address("010.0.0.01").map(|a| a.to_string()).as_deref(), Some("10.0.0.1"));
        assert!(address("010.0.0.1").is_none() && sloppy_address("1.2.3").is_none() && address("::ffff:1.2.3.4").is_none());
        assert!(address("1.2.3").is_none() && address("1.2.3.256").is_none() && address("1.2.3.4.5").is_none() && address("").is_none());
        assert!(address("::1").is_some() && is_strict_address("10.0.0.1") && !is_strict_address("010.0.0.1"));
        assert!(cidr("10.0.0.0/8").is_some() && cidr("10.0.0.0/33").is_none() && cidr("10.0.0.0").is_none());
        assert!(is_strict_cidr("10.0.0.0/8") && !is_strict_cidr("10.0.0.1/8") && cidr("10.0.0.1/8").is_none());
        assert!(sloppy_cidr("10.0.0.1/08").is_some() && cidr("10.0.0.0/08").is_none());
    }
}
