//! `wavetank serve`: the built page on loopback. Reads files below one directory and nothing else; never listens beyond this machine.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::context::Context;
use crate::failure::{CliError, Exit};

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
    /// Another origin that may show the page within a page of its own: https://docs.example. Several times for several
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) frame_ancestors: Vec<String>,
}

/// Connections that are open at once; more are closed unanswered.
const MOST_CONNECTIONS: usize = 64;
/// The longest head of a request that is read: bytes.
const MOST_HEAD: usize = 16 * 1024;
/// How long a client may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the page may do, sent as a header: the same policy as the one in the page. Who may frame it follows: that cannot stand in the page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

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
    let listener = TcpListener::bind(("127.0.0.1", options.port)).map_err(|error| format!("port {}: {error}", options.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let site = Arc::new(Site { root, base: clean_base(&options.base), policy: policy(&options.frame_ancestors)? });
    let mut stdout = io::stdout();
    // A broken pipe is no error: whoever started this may not read.
    let _ = writeln!(stdout, "http://{address}{}", site.base).and_then(|()| stdout.flush());
    let open = Arc::new(AtomicUsize::new(0));
    for connection in listener.incoming().flatten() {
        if open.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            continue;
        }
        open.fetch_add(1, Ordering::Relaxed);
        let (site, open) = (Arc::clone(&site), Arc::clone(&open));
        thread::spawn(move || {
            // A client that went away has had its answer.
            let _ = respond(&site, connection);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
    Ok(())
}

/// A directory and the path below which it is seen.
struct Site {
    root: PathBuf,
    base: String,
    policy: String,
}

/// The policy with those origins that may frame the page.
fn policy(ancestors: &[String]) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]*/".contains(c);
    let is_origin = |text: &str| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains('/') && host.chars().all(plain))
    };
    match ancestors.iter().find(|text| !is_origin(text)) {
        Some(wrong) => Err(format!("--frame-ancestors {wrong}: not an origin such as https://docs.example")),
        None => Ok(ancestors.iter().fold(POLICY.to_owned(), |policy, origin| format!("{policy} {origin}"))),
    }
}

/// What to answer, before any bytes are read.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    File(PathBuf),
    MovedTo(String),
    Status(u16, &'static str),
}

/// One request, one answer, and the connection is closed: browsers open several at once, and none may wait for another.
fn respond(site: &Site, mut connection: TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut connection)?;
    let Some(request) = Request::of(&head) else { return send(&mut connection, 400, &[], b"not a request\n", true) };
    let body = request.method != "HEAD";
    let text = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")];
    match site.answer(request.method, request.target, request.host) {
        Answer::File(path) => match fs::read(&path) {
            Ok(bytes) => {
                let headers = [
                    ("Content-Type", mime(&path)),
                    // Asked again each time, so that a rebuilt page is seen at once.
                    ("Cache-Control", "no-cache"),
                    ("Content-Security-Policy", site.policy.as_str()),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Referrer-Policy", "no-referrer"),
                    ("Cross-Origin-Opener-Policy", "same-origin"),
                    ("Cross-Origin-Resource-Policy", "same-origin"),
                    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
                ];
                send(&mut connection, 200, &headers, &bytes, body)
            }
            Err(_) => send(&mut connection, 404, &text, b"not found\n", body),
        },
        Answer::MovedTo(place) => send(&mut connection, 308, &[("Location", place.as_str())], b"moved\n", body),
        Answer::Status(code, words) => send(&mut connection, code, &text, format!("{words}\n").as_bytes(), body),
    }
}

/// The bytes up to the empty line.
fn read_head(connection: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = connection.read(&mut piece)?;
        if count == 0 || head.len() + count > MOST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&piece[..count]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn send(connection: &mut TcpStream, code: u16, headers: &[(&str, &str)], bytes: &[u8], body: bool) -> io::Result<()> {
    let reason = match code {
        200 => "OK",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Misdirected Request",
    };
    let mut head = format!("HTTP/1.1 {code} {reason}\r\nContent-Length: {}\r\nConnection: close\r\n", bytes.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {}\r\n", value.replace(['\r', '\n'], "")));
    }
    head.push_str("\r\n");
    connection.write_all(head.as_bytes())?;
    if body {
        connection.write_all(bytes)?;
    }
    connection.flush()
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    host: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn of(head: &'a str) -> Option<Request<'a>> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
            return None;
        }
        let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
        Some(Request { method, target, host: host.map(|(_, value)| value.trim()) })
    }
}

impl Site {
    fn answer(&self, method: &str, url: &str, host: Option<&str>) -> Answer {
        if !matches!(method, "GET" | "HEAD") {
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
            Site { root: self.0.join("dist").canonicalize().unwrap(), base: clean_base(base), policy: POLICY.to_owned() }
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn get(site: &Site, url: &str) -> Answer {
        site.answer("GET", url, Some("127.0.0.1:8017"))
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
            assert!(matches!(site.answer("GET", "/", Some(host)), Answer::File(_)), "{host}");
        }
        for host in [None, Some("example.com"), Some("localhost.example.com:8017")] {
            assert!(matches!(site.answer("GET", "/", host), Answer::Status(421, _)), "{host:?}");
        }
        assert!(matches!(site.answer("POST", "/", Some("localhost")), Answer::Status(405, _)));
    }

    #[test]
    fn requests_are_read() {
        let request = Request::of("GET /a?b HTTP/1.1\r\nAccept: */*\r\nhOst:  localhost:1 \r\n\r\n");
        assert_eq!(request, Some(Request { method: "GET", target: "/a?b", host: Some("localhost:1") }));
        for wrong in ["", "GET /", "GET http://x/ HTTP/1.1\r\n\r\n", "GET / SPDY/1\r\n\r\n"] {
            assert_eq!(Request::of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn answers_go_over_the_wire() {
        let place = Place::new("wire");
        let site = place.site("/");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let client = thread::spawn(move || {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            answer
        });
        respond(&site, listener.accept().unwrap().0).unwrap();
        let answer = client.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("<!doctype html>"), "{answer}");
        assert!(answer.contains(&format!("Content-Security-Policy: {POLICY}\r\n")));
    }

    #[test]
    fn a_policy_and_a_type_for_what_the_page_loads() {
        assert_eq!(mime(Path::new("a_bg.wasm")), "application/wasm");
        assert_eq!(mime(Path::new("boot.mjs")), "text/javascript; charset=utf-8");
        assert!(!POLICY.contains("unsafe-inline"));
    }

    #[test]
    fn only_origins_may_frame_the_page() {
        let docs = ["https://docs.example".to_string(), "http://localhost:3000".to_string()];
        assert!(policy(&docs).unwrap().ends_with("frame-ancestors 'self' https://docs.example http://localhost:3000"));
        assert_eq!(policy(&[]).unwrap(), POLICY);
        for wrong in ["docs.example", "https://a.example; script-src *", "https://a.example/path", "https://", "*"] {
            assert!(policy(&[wrong.to_string()]).is_err(), "{wrong}");
        }
    }
}
