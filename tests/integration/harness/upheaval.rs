//! What happens to mailboxes between two runs: messages go, and a server numbers anew.

use std::fs;

use super::dovecot::Dovecot;

impl Dovecot {
    /// Deletes the messages that hold `text`; tells how many there were.
    pub(crate) fn delete(&self, user: &str, mailbox: &str, text: &str) -> usize {
        let directory = self.root.path().join("mail").join(user).join(mailbox);
        let messages = fs::read_dir(directory.join("cur")).unwrap();
        let found: Vec<_> = messages
            .map(|entry| entry.unwrap().path())
            .filter(|path| fs::read_to_string(path).unwrap().contains(text))
            .collect();
        for path in &found {
            fs::remove_file(path).unwrap();
        }
        found.len()
    }

    /// Forgets all UIDs of a mailbox, as a restored backup does: there will be a new UIDVALIDITY.
    pub(crate) fn renumber(&self, user: &str, mailbox: &str) {
        let directory = self.root.path().join("mail").join(user).join(mailbox);
        // Dovecot takes the time in seconds for a new UIDVALIDITY.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("dovecot") {
                fs::remove_file(path).unwrap();
            }
        }
    }
}
