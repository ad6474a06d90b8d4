//! `wavetank serve`: the built page on loopback. Reads files below one directory and nothing else; never listens beyond this machine.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crate::context::Context;
use crate::failure::{CliError, Exit};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

/// Serve the built page on this machine, with the headers that a static host should send.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The built page (`trunk build --release` writes it).
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub(crate) dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8017)]
    pub(crate) port: u16,
    /// The path below which the page is served, to try what hosting under a sub-path does.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(crate) base: String,
}

/// How many requests are answered at once.
const ANSWERERS: usize = 4;

/// What the page may do, sent as a header: the same policy as the one in the page, and that nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves until it is stopped.
///
/// # Errors
/// Where there is no page or the port is taken.
pub(crate) fn run(args: &Args, _: &Context) -> Result<Exit, CliError> {
    listen(args).map_err(CliError::new)?;
    Ok(Exit::Holds)
}

fn listen(options: &Args) -> Result<(), String> {
    let root = options.dir.canonicalize().ok().filter(|root| root.join("index.html").is_file()).ok_or_else(|| {
        format!("no built page in {}; build it with `trunk build --release`, or let `tests/run page` do it", options.dir.display())
    })?;
    let server = Server::http(("127.0.0.1", options.port)).map_err(|error| format!("port {}: {error}", options.port))?;
    let address = server.server_addr().to_ip().ok_or("no address")?;
    let site = Arc::new(Site { root, base: clean_base(&options.base) });
    let mut stdout = io::stdout();
    // A broken pipe is no error: whoever started this may not read.
    let _ = writeln!(stdout, "http://{address}{}", site.base).and_then(|()| stdout.flush());
    let server = Arc::new(server);
    let answerers: Vec<_> = (0..ANSWERERS)
        .map(|_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A client that went away has had its answer.
                    let _ = respond(&site, request);
                }
            })
        })
        .collect();
    for answerer in answerers {
        answerer.join().map_err(|_| "an answering thread ended".to_string())?;
    }
    Ok(())
}

/// A directory and the path below which it is seen.
struct Site {
    root: PathBuf,
    base: String,
}

/// What to answer, before any bytes are read.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    File(PathBuf),
    MovedTo(String),
    Status(u16, &'static str),
}

fn respond(site: &Site, request: Request) -> io::Result<()> {
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|header| header.value.as_str().to_string());
    match site.answer(request.method(), request.url(), host.as_deref()) {
        Answer::File(path) => match File::open(&path) {
            Ok(file) => {
                // With its length, never in chunks: Chromium waits for ever for the end of large chunked answers of this server.
                let mut response = Response::from_file(file).with_chunked_threshold(usize::MAX);
                response.add_header(header("Content-Type", mime(&path)));
                // Asked again each time, so that a rebuilt page is seen at once.
                response.add_header(header("Cache-Control", "no-cache"));
                for (name, value) in [
                    ("Content-Security-Policy", POLICY),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Referrer-Policy", "no-referrer"),
                    ("Cross-Origin-Opener-Policy", "same-origin"),
                    ("Cross-Origin-Resource-Policy", "same-origin"),
                    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
                ] {
                    response.add_header(header(name, value));
                }
                request.respond(response)
            }
            Err(_) => request.respond(plain(404, "not found")),
        },
        Answer::MovedTo(place) => request.respond(plain(308, "moved").with_header(header("Location", &place))),
        Answer::Status(code, text) => request.respond(plain(code, text)),
    }
}

fn plain(code: u16, text: &str) -> Response<io::Cursor<Vec<u8>>> {
    Response::from_string(format!("{text}\n"))
        .with_status_code(StatusCode(code))
        .with_header(header("Content-Type", "text/plain; charset=utf-8"))
        .with_header(header("X-Content-Type-Options", "nosniff"))
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap_or_else(|()| Header::from_bytes("X-Omitted", "1").expect("two plain words make a header"))
}

impl Site {
    fn answer(&self, method: &Method, url: &str, host: Option<&str>) -> Answer {
        if !matches!(method, Method::Get | Method::Head) {
            return Answer::Status(405, "only GET and HEAD");
        }
        if !host.is_some_and(is_this_machine) {
            return Answer::Status(421, "this server answers for this machine only");
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let Some(path) = decode(path) else { return Answer::Status(400, "not a path") };
        if format!("{path}/") == self.base {
            return Answer::MovedTo(self.base.clone());
        }
        let Some(inside) = path.strip_prefix(&self.base) else { return Answer::Status(404, "not found") };
        let wanted = Path::new(if inside.is_empty() { "index.html" } else { inside });
        let plain_names = wanted.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain_names || inside.contains('\\') {
            return Answer::Status(404, "not found");
        }
        // Links inside the directory may not lead out of it.
        match self.root.join(wanted).canonicalize() {
            Ok(path) if path.starts_with(&self.root) && path.is_file() => Answer::File(path),
            _ => Answer::Status(404, "not found"),
        }
    }
}

/// Only names of this machine: a page elsewhere cannot read from here under a name of its own.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// `wavetank`, `/wavetank` and `/wavetank/` are all `/wavetank/`.
fn clean_base(base: &str) -> String {
    match base.trim_matches('/') {
        "" => "/".to_string(),
        inner => format!("/{inner}/"),
    }
}

/// A path with its percent signs read; `None` where they are wrong, or hide a NUL or a text that is not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = rest.get(..2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(digits[0])? * 16 + digit(digits[1])?;
        bytes.push(u8::try_from(value).ok()?);
        rest = &rest[2..];
    }
    if bytes.contains(&0) {
        return None;
    }
    String::from_utf8(bytes).ok()
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("txt" | "yaml" | "yml" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page beside a file that must not be seen, in a directory of its own.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("wavetank-serve-{}-{name}", std::process::id()));
            std::fs::create_dir_all(dir.join("dist/styles")).unwrap();
            std::fs::write(dir.join("dist/index.html"), "<!doctype html>").unwrap();
            std::fs::write(dir.join("dist/styles/a b.css"), "").unwrap();
            std::fs::write(dir.join("secret.txt"), "secret").unwrap();
            Self(dir)
        }

        fn site(&self, base: &str) -> Site {
            Site { root: self.0.join("dist").canonicalize().unwrap(), base: clean_base(base) }
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn get(site: &Site, url: &str) -> Answer {
        site.answer(&Method::Get, url, Some("127.0.0.1:8017"))
    }

    #[test]
    fn files_are_found_and_nothing_outside_is() {
        let place = Place::new("files");
        let site = place.site("/");
        assert_eq!(get(&site, "/"), Answer::File(site.root.join("index.html")));
        assert_eq!(get(&site, "/styles/a%20b.css?v=1"), Answer::File(site.root.join("styles/a b.css")));
        for url in
            ["/../secret.txt", "/%2e%2e/secret.txt", "/styles/../../secret.txt", "/..%2fsecret.txt", "//etc/passwd", "/styles", "/none"]
        {
            assert_eq!(get(&site, url), Answer::Status(404, "not found"), "{url}");
        }
        assert_eq!(get(&site, "/%zz"), Answer::Status(400, "not a path"));
        assert_eq!(get(&site, "/a%00"), Answer::Status(400, "not a path"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere_else() {
        let place = Place::new("link");
        let site = place.site("/");
        std::os::unix::fs::symlink(place.0.join("secret.txt"), site.root.join("link.txt")).unwrap();
        assert_eq!(get(&site, "/link.txt"), Answer::Status(404, "not found"));
    }

    #[test]
    fn a_page_below_a_path() {
        let place = Place::new("base");
        let site = place.site("tools/wavetank");
        assert_eq!(get(&site, "/tools/wavetank/"), Answer::File(site.root.join("index.html")));
        assert_eq!(get(&site, "/tools/wavetank"), Answer::MovedTo("/tools/wavetank/".to_string()));
        assert_eq!(get(&site, "/"), Answer::Status(404, "not found"));
    }

    #[test]
    fn only_this_machine_is_answered() {
        let place = Place::new("host");
        let site = place.site("/");
        for host in ["localhost", "localhost:8017", "127.0.0.1:1", "[::1]:8017", "[::1]"] {
            assert!(matches!(site.answer(&Method::Get, "/", Some(host)), Answer::File(_)), "{host}");
        }
        for host in [None, Some("example.com"), Some("localhost.example.com:8017")] {
            assert!(matches!(site.answer(&Method::Get, "/", host), Answer::Status(421, _)), "{host:?}");
        }
        assert!(matches!(site.answer(&Method::Post, "/", Some("localhost")), Answer::Status(405, _)));
    }

    #[test]
    fn a_policy_and_a_type_for_what_the_page_loads() {
        assert_eq!(mime(Path::new("a_bg.wasm")), "application/wasm");
        assert_eq!(mime(Path::new("boot.mjs")), "text/javascript; charset=utf-8");
        assert!(!POLICY.contains("unsafe-inline"));
        assert_eq!(header("Content-Security-Policy", POLICY).value.as_str(), POLICY);
    }
}
