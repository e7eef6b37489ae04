//! A Cyrus of our own, installed or unpacked: in its own directory, on a port that nobody else has, gone when the test ends.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::settings::Identity;

/// A running server that takes any password: `admin` administers, `auditor` may log in as anybody.
pub(crate) struct Cyrus {
    /// Its files go with it.
    _root: TempDir,
    port: u16,
    process: Child,
}

/// Where the packages are: `SENT_AUDIT_CYRUS` is a directory into which they were unpacked, because Debian's packages of Cyrus
/// and Dovecot exclude each other.
fn installation() -> Option<PathBuf> {
    let place = std::env::var_os("SENT_AUDIT_CYRUS").unwrap_or_else(|| "/".into());
    let place = PathBuf::from(place);
    let is_there = place.join("usr/lib/cyrus/bin/master").is_file();
    if !is_there {
        eprintln!("skipped: cyrus-imapd is not here; ./test unpacks it and sets SENT_AUDIT_CYRUS");
    }
    is_there.then_some(place)
}

/// Directories below `place`, joined as the loader and SASL want them.
fn libraries(place: &Path, below: &str) -> String {
    let roots = [place.join("usr/lib"), place.join("lib")];
    let directories = roots
        .iter()
        .filter_map(|root| fs::read_dir(root).ok())
        .flatten()
        .map(|entry| entry.unwrap().path().join(below))
        .filter(|path| path.display().to_string().contains("-linux-gnu") && path.is_dir())
        .map(|path| path.display().to_string());
    directories.collect::<Vec<_>>().join(":")
}

impl Cyrus {
    /// A server with these users, each with an empty mailbox `Sent`; `None`, with a note, where Cyrus is not there.
    pub(crate) fn start(users: &[&str]) -> Option<Self> {
        let place = installation()?;
        let root = tempfile::Builder::new()
            .prefix("sa-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let identity = Identity::find();
        for directory in ["", "conf", "spool"] {
            let path = root.path().join(directory);
            fs::create_dir_all(&path).unwrap();
            chown(&path, Some(identity.mail.0), Some(identity.mail.1)).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = launch(&place, root.path(), &identity, port);
        let mut cyrus = Self {
            _root: root,
            port,
            process,
        };
        assert!(cyrus.greets(), "cyrus did not start");
        cyrus.administer(users);
        Some(cyrus)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Speaks as somebody; gives what the server said to each line.
    pub(crate) fn speak(&self, user: &str, lines: &[&str]) -> Vec<String> {
        let mut talk = Talk::to(self.port);
        talk.say(&format!("LOGIN {user} any"));
        lines.iter().map(|line| talk.say(line)).collect()
    }

    /// Puts a message into a user's `Sent`, as if it had been sent on 10 June 2024.
    pub(crate) fn sent(&self, user: &str, message: &str) {
        let mut talk = Talk::to(self.port);
        talk.say(&format!("LOGIN {user} any"));
        let length = message.len();
        let answer = talk.say(&format!(
            "APPEND Sent (\\Flagged) \"10-Jun-2024 09:00:00 +0000\" {{{length}+}}\r\n{message}"
        ));
        assert!(answer.contains("a OK"), "{answer}");
    }

    fn administer(&self, users: &[&str]) {
        for user in users {
            let answers = self.speak(
                "admin",
                &[
                    &format!("CREATE user/{user}"),
                    &format!("CREATE user/{user}/Sent (USE (\\Sent))"),
                ],
            );
            assert!(answers.iter().all(|a| a.contains("a OK")), "{answers:?}");
        }
    }

    fn greets(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && matches!(self.process.try_wait(), Ok(None)) {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                stream
                    .set_read_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                let mut line = String::new();
                if BufReader::new(stream).read_line(&mut line).is_ok() && line.contains("Cyrus") {
                    return true;
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

fn launch(place: &Path, root: &Path, identity: &Identity, port: u16) -> Child {
    let bin = place.join("usr/lib/cyrus/bin");
    let (bin, at) = (bin.display(), root.display());
    let settings = format!(
        "configdirectory: {at}/conf\npartition-default: {at}/spool\ndefaultpartition: default\nservername: localhost\n\
         admins: admin\nproxyservers: auditor\nallowplaintext: yes\nsasl_mech_list: PLAIN\n\
         sasl_pwcheck_method: alwaystrue\nunixhierarchysep: yes\naltnamespace: yes\n"
    );
    let services = format!(
        "START {{\n  recover cmd=\"{bin}/ctl_cyrusdb -C {at}/imapd.conf -r\"\n}}\n\
         SERVICES {{\n  imap cmd=\"{bin}/imapd -C {at}/imapd.conf\" listen=\"127.0.0.1:{port}\" prefork=1\n}}\nEVENTS {{\n}}\n"
    );
    fs::write(root.join("imapd.conf"), settings).unwrap();
    fs::write(root.join("cyrus.conf"), services).unwrap();
    let file = |name: &str| root.join(name);
    let mut command = Command::new(place.join("usr/lib/cyrus/bin/master"));
    command
        .arg("-C")
        .arg(file("imapd.conf"))
        .arg("-M")
        .arg(file("cyrus.conf"))
        .arg("-p")
        .arg(file("master.pid"))
        .env("LD_LIBRARY_PATH", libraries(place, ""))
        .env(
            "SASL_PATH",
            format!(
                "{}:{}",
                libraries(place, "sasl2"),
                libraries(Path::new("/"), "sasl2")
            ),
        )
        .env("CYRUS_USER", &identity.mail_user)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if identity.is_root {
        command.uid(identity.mail.0).gid(identity.mail.1);
    }
    command.spawn().unwrap()
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        let kill_group = format!("kill -s KILL -- -{}", self.process.id());
        let _ = Command::new("sh").args(["-c", &kill_group]).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A plain conversation.
struct Talk(BufReader<TcpStream>);

impl Talk {
    fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut talk = Self(BufReader::new(stream));
        talk.0.read_line(&mut String::new()).unwrap();
        talk
    }

    /// Everything up to the tagged answer.
    fn say(&mut self, line: &str) -> String {
        write!(self.0.get_mut(), "a {line}\r\n").unwrap();
        let mut answer = String::new();
        while !answer
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("a "))
        {
            let count = self.0.read_line(&mut answer).unwrap();
            assert!(count > 0, "cyrus hung up: {answer}");
        }
        answer
    }
}
