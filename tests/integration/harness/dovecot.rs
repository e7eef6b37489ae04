//! A Dovecot of our own: in its own directory, on ports that nobody else has, gone when the test ends.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::certificates::Certificates;
use super::mail::{farewell, ordinary};
use super::provider::Provider;
use super::settings::{self, Identity};

/// Everybody's password, unless a test gives another.
pub(crate) const PASSWORD: &str = "correct-horse-1";

/// The master user's name and password.
pub(crate) const MASTER: (&str, &str) = ("auditor", "battery-staple-2");

/// 10 June 2024, 09:00 UTC: when the tests' messages arrived.
const ARRIVED: Duration = Duration::from_secs(1_718_010_000);

/// A server that can be given users and mail, then started.
pub(crate) struct Dovecot {
    pub(super) root: TempDir,
    identity: Identity,
    ports: (u16, u16),
    process: Option<Child>,
    delivered: u32,
    users: String,
    /// Where it asks whose an access token is.
    introspection: Option<String>,
}

impl Dovecot {
    /// One that holds what Anna sent: a farewell and an ordinary message, UIDs 1 and 2.
    pub(crate) fn with_anna() -> Option<Self> {
        let dovecot = Self::new()?.user("anna").mailbox("anna", "Sent");
        let dovecot = dovecot.seen("anna", "Sent", "S", &farewell("anna", 1));
        Some(dovecot.seen("anna", "Sent", "S", &ordinary("anna", 2)))
    }

    /// A server that does not run yet; `None`, with a note, where Dovecot is not installed.
    pub(crate) fn new() -> Option<Self> {
        if program("dovecot").is_none() {
            let advice =
                "dovecot is not installed: apt-get install --no-install-recommends dovecot-imapd";
            let is_required =
                std::env::var("SENT_AUDIT_REQUIRE_ALL").is_ok_and(|value| value == "1");
            assert!(!is_required, "{advice}");
            eprintln!("skipped: {advice}");
            return None;
        }
        // A short path: the name of a unix socket holds 108 octets.
        let root = tempfile::Builder::new()
            .prefix("sa-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let dovecot = Self {
            identity: Identity::find(),
            root,
            ports: (0, 0),
            process: None,
            delivered: 0,
            users: String::new(),
            introspection: None,
        };
        let certificates = Certificates::issue();
        dovecot.write("ca.pem", &certificates.authority);
        dovecot.write("server.pem", &certificates.server);
        dovecot.write("server.key", &certificates.server_key);
        dovecot.write("masters", &format!("{}:{{PLAIN}}{}\n", MASTER.0, MASTER.1));
        dovecot.own_directory("mail");
        dovecot.own_directory("state");
        Some(dovecot)
    }

    /// Adds a user with an empty inbox.
    pub(crate) fn user(self, name: &str) -> Self {
        self.user_with_password(name, PASSWORD)
    }

    /// Adds a user with a password of their own.
    pub(crate) fn user_with_password(mut self, name: &str, password: &str) -> Self {
        let line = [name, ":{PLAIN}", password, "::::::\n"].concat();
        self.users.push_str(&line);
        self.write("users", &self.users);
        self.maildir(&format!("mail/{name}"));
        self
    }

    /// Adds an empty mailbox; `Sent` has the attribute `\Sent`, others have none.
    pub(crate) fn mailbox(self, user: &str, name: &str) -> Self {
        self.maildir(&format!("mail/{user}/{name}"));
        self
    }

    /// Puts a message into `cur` with these flags, as if a client had stored it there.
    pub(crate) fn seen(mut self, user: &str, mailbox: &str, flags: &str, message: &str) -> Self {
        let name = format!("{}:2,{flags}", self.unique_name());
        self.deliver(&format!("mail/{user}/{mailbox}/cur/{name}"), message);
        self
    }

    /// Puts a message into `new`, as if it had just arrived.
    pub(crate) fn unseen(mut self, user: &str, mailbox: &str, message: &str) -> Self {
        let name = self.unique_name();
        self.deliver(&format!("mail/{user}/{mailbox}/new/{name}"), message);
        self
    }

    /// Lets it take this provider's access tokens.
    pub(crate) fn trusting(mut self, provider: &Provider) -> Self {
        let url = provider.introspection_url();
        self.write("oauth2.conf", &settings::oauth2_2_3(&url));
        self.introspection = Some(url);
        self
    }

    /// Starts the server and waits until it greets.
    pub(crate) fn start(mut self) -> Self {
        // Another process may take the ports between our look and Dovecot's; then others are tried.
        for _ in 0..5 {
            self.ports = free_ports();
            let introspection = self.introspection.as_deref();
            let root = self.root.path();
            let text = settings::text(root, &self.identity, self.ports, introspection, is_2_4());
            self.write("dovecot.conf", &text);
            let mut process = Command::new(program("dovecot").unwrap())
                .args(["-F", "-c"])
                .arg(self.configuration())
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if self.greets(&mut process) {
                self.process = Some(process);
                return self;
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        let log = fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
        panic!("dovecot did not start:\n{log}");
    }

    /// Stops the server and waits until it has ended, so that everything is on disk.
    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let _ = self.doveadm(&["stop"]);
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if matches!(process.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    pub(crate) fn port(&self) -> u16 {
        self.ports.0
    }

    pub(crate) fn tls_port(&self) -> u16 {
        self.ports.1
    }

    /// What the server shows.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.root.path().join("server.pem")
    }

    /// The authority that signed the server's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.root.path().join("ca.pem")
    }

    /// The directory of a mailbox.
    pub(crate) fn mail(&self, user: &str, mailbox: &str) -> PathBuf {
        self.root.path().join("mail").join(user).join(mailbox)
    }

    /// File names below `cur` and `new`, sorted.
    pub(crate) fn files(&self, user: &str, mailbox: &str) -> Vec<String> {
        let maildir = self.root.path().join("mail").join(user).join(mailbox);
        let mut names = Vec::new();
        for part in ["cur", "new"] {
            for entry in fs::read_dir(maildir.join(part)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                names.push(format!("{part}/{name}"));
            }
        }
        names.sort();
        names
    }

    /// What the running server says of a mailbox and of each message: counts, UIDs, flags, MODSEQ (RFC 7162).
    pub(crate) fn state(&self, user: &str, mailbox: &str) -> String {
        let status = "messages recent unseen uidnext uidvalidity highestmodseq";
        let mut state = self.doveadm(&["mailbox", "status", "-u", user, status, mailbox]);
        let items = "uid flags modseq date.received size.physical";
        state += &self.doveadm(&["-f", "tab", "fetch", "-u", user, items, "mailbox", mailbox]);
        state
    }

    /// Whether it is this server that answers: a port may have gone to another test meanwhile.
    fn greets(&self, process: &mut Child) -> bool {
        let name = self.root.path().display().to_string();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && matches!(process.try_wait(), Ok(None)) {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.ports.0)) {
                stream
                    .set_read_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                let mut line = String::new();
                let read = BufReader::new(stream.take(1000)).read_line(&mut line);
                if read.is_ok() && line.contains(&name) {
                    return true;
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn doveadm(&self, arguments: &[&str]) -> String {
        let output = Command::new(program("doveadm").unwrap())
            .arg("-c")
            .arg(self.configuration())
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "doveadm {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn configuration(&self) -> PathBuf {
        self.root.path().join("dovecot.conf")
    }

    fn unique_name(&mut self) -> String {
        self.delivered += 1;
        format!("{}.M{}P1.test", ARRIVED.as_secs(), self.delivered)
    }

    fn deliver(&self, path: &str, message: &str) {
        self.write(path, message);
        let path = self.root.path().join(path);
        // Dovecot takes INTERNALDATE from the file.
        let arrived = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + ARRIVED);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_times(arrived)
            .unwrap();
        self.own(&path);
    }

    fn maildir(&self, path: &str) {
        for part in ["", "cur", "new", "tmp"] {
            self.own_directory(&format!("{path}/{part}"));
        }
    }

    fn own_directory(&self, path: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(&path).unwrap();
        self.own(&path);
    }

    fn own(&self, path: &Path) {
        let (user, group) = self.identity.mail;
        chown(path, Some(user), Some(group)).unwrap();
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path().join(path), text).unwrap();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
            eprintln!("dovecot's log:\n{log}");
        }
        // An orderly end takes two seconds, and what is on the disk does not matter any more.
        if let Some(process) = &mut self.process {
            let kill_group = format!("kill -s KILL -- -{}", process.id());
            let _ = Command::new("sh").args(["-c", &kill_group]).status();
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Debian keeps servers where only root's PATH looks.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

fn is_2_4() -> bool {
    let output = Command::new(program("dovecot").unwrap())
        .arg("--version")
        .output()
        .unwrap();
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(2), Some(4))
}

fn free_ports() -> (u16, u16) {
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (first, second) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    (port(&first), port(&second))
}
