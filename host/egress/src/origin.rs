//! Origins (RFC 6454) in one form each, and paths in which nothing is hidden.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

/// Scheme, host and port, so that two that mean the same are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// Of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// In lower case, without a dot at its end.
    Name(String),
    /// Written as an address.
    Address(IpAddr),
}

impl Origin {
    /// The origin of an absolute URL.
    pub(crate) fn of(uri: &Uri) -> Result<Self, &'static str> {
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err("it does not start with http:// or https://"),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("a user stands before its host");
        }
        let written = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let port = match (written.strip_prefix(':'), authority.port_u16()) {
            (None, _) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            (Some(_), Some(port)) if port > 0 => port,
            (Some(_), _) => return Err("its port is none"),
        };
        Ok(Self { tls, host: Host::parse(authority.host())?, port })
    }

    /// `host:port` as it stands in a URL, the port only where it is not the scheme's.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|text| text.parse().ok());
            return address.map(|a| Self::Address(IpAddr::V6(a))).ok_or("its address is none");
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let plain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
        if name.len() > 253 || !name.split('.').all(label) {
            return Err("its host is no name");
        }
        // What system resolvers take for an address: decimal, octal, hexadecimal, short forms.
        let last = name.rsplit('.').next().unwrap_or_default();
        let numeric = last.bytes().all(|b| b.is_ascii_digit())
            || last.strip_prefix("0x").is_some_and(|x| x.bytes().all(|b| b.is_ascii_hexdigit()));
        if numeric {
            return Err("its host is a number; write addresses as four decimal numbers");
        }
        Ok(Self::Name(name))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Refuses a path that a server might read as another one: a prefix compared with it would then
/// say nothing.
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    const HIDDEN: [&str; 8] = ["%2e", "%2f", "%5c", "%00", "%252e", "%252f", "%255c", "\\"];
    if !path.starts_with('/') {
        return Err("it does not start with a slash");
    }
    let lower = path.to_ascii_lowercase();
    if HIDDEN.iter().any(|hidden| lower.contains(hidden)) {
        return Err("it has an encoded dot or slash, or a backslash");
    }
    // Some servers take off what stands behind a semicolon before they resolve dots.
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if path.split('/').any(dots) {
        return Err("it has a segment of dots");
    }
    Ok(())
}

/// Whether a path is the prefix, or lies below it.
pub(crate) fn below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<Origin, &'static str> {
        Origin::of(&text.parse().map_err(|_| "no URL")?)
    }

    #[test]
    fn the_same_origin_has_one_form() {
        for (one, other) in [
            ("https://Array.Example.com/", "https://array.example.com:443/x?y"),
            ("http://array.example.com.", "http://array.example.com:80"),
            ("https://[::1]:8443", "https://[0:0::1]:8443/"),
        ] {
            assert_eq!(origin(one).unwrap(), origin(other).unwrap());
        }
        for (one, other) in [
            ("https://a.example.com", "http://a.example.com"),
            ("https://a.example.com", "https://a.example.com:8443"),
            ("https://a.example.com", "https://b.example.com"),
        ] {
            assert_ne!(origin(one).unwrap(), origin(other).unwrap());
        }
        assert_eq!(origin("https://[::1]:8443").unwrap().to_string(), "https://[::1]:8443");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in [
            "ftp://a.example.com",
            "/path",
            "https://user@a.example.com",
            "https://user:x@a.b",
            "http://2130706433",
            "http://0x7f.1",
            "http://0177.0.0.1",
            "http://127.1",
            "http://0x7f000001",
            "https://a..b",
            "https://a.b:0",
            "https://a.b:",
            "https://[::1",
            "http://127.0.0.1.",
            "https://a%2eb",
            "https://a.b:99999",
        ] {
            assert!(origin(bad).is_err(), "{bad}: {:?}", origin(bad));
        }
    }

    #[test]
    fn hidden_segments_are_refused() {
        for bad in [
            "",
            "api",
            "/api/../x",
            "/api/..",
            "/./x",
            "/%2e%2e/x",
            "/%2E./x",
            "/a%2fb",
            "/a%5Cb",
            "/a\\..\\b",
            "/..;/x",
            "/..;a=b/x",
            "/%252e%252e/x",
            "/a%00",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
        for good in ["/", "/api/v1/volumes/a.b", "/...", "/a;b=c/d", "/%20x", "/..a"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        for (prefix, path) in
            [("/", "/x"), ("/api", "/api"), ("/api", "/api/x"), ("/api/", "/api/x")]
        {
            assert!(below(prefix, path), "{prefix} {path}");
        }
        for (prefix, path) in [("/api", "/apix"), ("/api/", "/api"), ("/api/", "/x/api/")] {
            assert!(!below(prefix, path), "{prefix} {path}");
        }
    }
}
