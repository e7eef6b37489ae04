//! A scripted IMAP server whose users each meet one fault at one step of the conversation or at one literal of it, once or
//! every time; or, once, at one octet of it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::mail::{farewell, ordinary, with_attachments};

/// What can go wrong with an answer.
pub(crate) const FAULTS: &[&str] = &[
    "cut", "half", "stall", "garbage", "noise", "tag", "small", "large", "bye", "no", "panics",
    "brackets",
];

/// Answers in which it can: to LOGIN, CAPABILITY, LIST, EXAMINE, the listing, structures, parts, messages.
pub(crate) const STEPS: usize = 8;

/// What can go wrong at any octet of what the server says after the login.
pub(crate) const OCTET_FAULTS: &[&str] = &["cut", "garbage", "lost", "stall"];

/// What can go wrong with any literal: the size that is announced, or a line before the one that it stands in.
pub(crate) const LITERAL_FAULTS: &[&str] = &[
    "less1", "less2", "none", "more1", "more7", "kept", "skipped", "beyond", "tag", "done",
];

/// Longer than the client's patience in these tests.
const STALL: Duration = Duration::from_secs(6);

/// A user is called `once-FAULT-STEP`, `ever-FAULT-STEP`, `octet-FAULT-PLACE`, `literal-FAULT-NUMBER`,
/// `literals-FAULT-NUMBER` (ever), `patience-…`, who is asked for it once, `ill-…`, for whom the server is never well,
/// `crowd-…`, of whom it lets in two at a time, or anything else for whom all is well.
pub(crate) struct Poisoner;

struct Fault {
    name: String,
    step: usize,
    ever: bool,
}

/// How a conversation goes on.
enum Go {
    On,
    Away,
}

impl Poisoner {
    /// Starts; gives the port on 127.0.0.1.
    pub(crate) fn start() -> u16 {
        Self::counting().0
    }

    /// Starts; gives the port, and how many octets (`said NAME`) and literals (`literals NAME`) were said to each user after
    /// the first login.
    pub(crate) fn counting() -> (u16, Arc<Mutex<HashMap<String, u32>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let met = Arc::new(Mutex::new(HashMap::new()));
        let told = Arc::clone(&met);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let met = Arc::clone(&met);
                thread::spawn(move || {
                    let _ = Conversation::new(client, met).run();
                });
            }
        });
        (port, told)
    }

    /// What a user's mailbox holds; the last one is large.
    fn mail(user: &str) -> Vec<String> {
        vec![
            ordinary(user, 1),
            farewell(user, 2),
            ordinary(user, 3),
            with_attachments(user, 4, 90_000)
                .replace("I am leaving", "The pallets leave")
                .replace("will be my last day", "is their last day")
                .replace("My private\r\n", "Our general\r\n")
                .replace("Goodbye", "Order"),
        ]
    }
}

struct Conversation {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    /// Faults that were met, by user.
    met: Arc<Mutex<HashMap<String, u32>>>,
    user: String,
    /// The fault at an octet that is still to come, and the octets until then.
    ahead: Option<(String, usize)>,
    /// Octets said since the login.
    said: usize,
    /// Literals said since then, and the fault at one of them.
    literals: usize,
    literal_fault: Option<(String, usize)>,
    /// Whether this connection is one of the crowd that was let in.
    is_in: bool,
}

/// Of the crowd so many are let in.
const ROOM: u32 = 2;

impl Drop for Conversation {
    fn drop(&mut self) {
        if self.is_in {
            *self.met.lock().unwrap().get_mut("crowd").unwrap() -= 1;
        }
    }
}

impl Conversation {
    fn new(client: TcpStream, met: Arc<Mutex<HashMap<String, u32>>>) -> Self {
        let reader = BufReader::new(client.try_clone().unwrap());
        let user = String::new();
        Self {
            reader,
            writer: client,
            met,
            user,
            ahead: None,
            said: 0,
            literals: 0,
            literal_fault: None,
            is_in: false,
        }
    }

    /// Says octets, with the fault among them whose turn it is.
    fn say(&mut self, octets: &[u8]) -> std::io::Result<Go> {
        let place = match &mut self.ahead {
            Some((_, left)) if *left >= octets.len() => {
                *left -= octets.len();
                None
            }
            Some((_, left)) => Some(*left),
            None => None,
        };
        self.said += octets.len();
        let (Some(place), Some((fault, _))) = (place, self.ahead.take_if(|_| place.is_some()))
        else {
            self.writer.write_all(octets)?;
            return Ok(Go::On);
        };
        self.writer.write_all(&octets[..place])?;
        match fault.as_str() {
            "cut" => return Ok(Go::Away),
            "garbage" => self.writer.write_all(b"\xff{3}\"(\x00 \r\n")?,
            "stall" => {
                thread::sleep(STALL);
                return Ok(Go::Away);
            }
            "lost" => return self.writer.write_all(&octets[place + 1..]).map(|()| Go::On),
            other => panic!("no such fault: {other}"),
        }
        self.writer.write_all(&octets[place..])?;
        Ok(Go::On)
    }

    fn run(&mut self) -> std::io::Result<()> {
        self.writer.write_all(b"* OK ready\r\n")?;
        let mut line = String::new();
        while self.reader.read_line(&mut line)? > 0 {
            let (tag, command) = line.trim_end().split_once(' ').unwrap_or_default();
            let (step, data) = self.answer(command);
            let go = self.play(tag, step, &data)?;
            if matches!(go, Go::Away) || command.starts_with("LOGOUT") {
                break;
            }
            line.clear();
        }
        let mut met = self.met.lock().unwrap();
        for (what, count) in [("said", self.said), ("literals", self.literals)] {
            met.entry(format!("{what} {}", self.user))
                .or_insert(u32::try_from(count).unwrap());
        }
        Ok(())
    }

    /// Which step a command is, and the untagged responses to it.
    fn answer(&mut self, command: &str) -> (Option<usize>, Vec<u8>) {
        let word = command.split(' ').next().unwrap_or_default();
        let (step, text) = match word {
            "LOGIN" => {
                let user = command.split('"').nth(1).unwrap_or_default();
                user.clone_into(&mut self.user);
                self.ahead = self.octet_fault();
                self.literal_fault = self.fault_at_literal();
                (0, String::new())
            }
            // The first one comes before anybody is known.
            "CAPABILITY" => (1, "* CAPABILITY IMAP4rev1 SPECIAL-USE\r\n".to_owned()),
            "LIST" => (
                2,
                "* LIST (\\Sent) \"/\" Sent\r\n* LIST () \"/\" {5}\r\nINBOX\r\n".to_owned(),
            ),
            "EXAMINE" => (3, "* 4 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n".to_owned()),
            "FETCH" => (4, self.listing()),
            "UID" if command.contains("SEARCH") => return (None, b"* SEARCH 1 2 3 4\r\n".to_vec()),
            "UID" if command.contains("BODYSTRUCTURE") => (5, self.structure()),
            "UID" if command.contains("MIME") => (6, Self::parts(command)),
            "UID" => (7, self.messages(command)),
            _ => return (None, Vec::new()),
        };
        (Some(step), text.into_bytes())
    }

    fn listing(&self) -> String {
        let line = |(uid, text): (u32, &String)| {
            let size = text.len();
            format!(
                "* {uid} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE \"10-Jun-2024 09:00:00 +0000\")\r\n"
            )
        };
        let lines: Vec<_> = (1..).zip(&Poisoner::mail(&self.user)).map(line).collect();
        lines.concat()
    }

    fn structure(&self) -> String {
        let mail = Poisoner::mail(&self.user);
        let head = mail[3].split_once("\r\n\r\n").unwrap().0;
        format!(
            "* 4 FETCH (UID 4 BODYSTRUCTURE ((\"image\" \"png\" NIL NIL NIL \"base64\" 45000)\
             ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 200 5)(\"text\" \"html\" NIL NIL NIL \"7bit\" 220 5) \"alternative\")\
             (\"image\" \"png\" NIL NIL NIL \"base64\" 45000)(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 90) \
             \"mixed\") BODY[HEADER]<0> {{{}}}\r\n{head}\r\n\r\n)\r\n",
            head.len() + 4
        )
    }

    fn parts(command: &str) -> String {
        let known = [
            ("1.MIME", "Content-Type: image/png\r\n\r\n"),
            (
                "2.MIME",
                "Content-Type: multipart/alternative; boundary=in\r\n\r\n",
            ),
            ("2.1.MIME", "\r\n"),
            ("2.1", "The pallets leave Acme at the end of June.\r\n"),
            ("2.2.MIME", "Content-Type: text/html\r\n\r\n"),
            (
                "2.2",
                "<p>The pallets leave Acme at the end of June.</p>\r\n",
            ),
            ("3.MIME", "Content-Type: image/png\r\n\r\n"),
            (
                "4.MIME",
                "Content-Type: application/octet-stream; name=anna.vcf\r\n\r\n",
            ),
            ("4", "BEGIN:VCARD\r\nFN:Anna\r\nEND:VCARD\r\n"),
        ];
        let asked = |section: &str| command.contains(&format!("[{section}]"));
        let items: Vec<String> = known
            .iter()
            .filter(|(section, _)| asked(section))
            .map(|(section, text)| format!(" BODY[{section}] {{{}}}\r\n{text}", text.len()))
            .collect();
        format!("* 4 FETCH (UID 4{})\r\n", items.concat())
    }

    fn messages(&self, command: &str) -> String {
        let set = command.split(' ').nth(2).unwrap_or_default();
        let mail = Poisoner::mail(&self.user);
        let mut answers = Vec::new();
        for range in set.split(',') {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            for uid in first.parse::<usize>().unwrap()..=last.parse().unwrap() {
                let message = &mail[uid - 1];
                let size = message.len();
                answers.push(format!(
                    "* {uid} FETCH (UID {uid} BODY[] {{{size}}}\r\n{message})\r\n"
                ));
            }
        }
        answers.concat()
    }

    /// The fault at an octet that this user meets in the first conversation.
    fn octet_fault(&self) -> Option<(String, usize)> {
        let (fault, place) = self.user.strip_prefix("octet-")?.split_once('-')?;
        let mut met = self.met.lock().unwrap();
        let times = met.entry(self.user.clone()).or_default();
        *times += 1;
        (*times == 1).then(|| (fault.to_owned(), place.parse().unwrap()))
    }

    /// The fault at a literal that this user meets in this conversation.
    fn fault_at_literal(&self) -> Option<(String, usize)> {
        let (how, rest) = self.user.split_once('-')?;
        let (fault, number) = rest.split_once('-')?;
        if !how.starts_with("literal") {
            return None;
        }
        let mut met = self.met.lock().unwrap();
        let times = met.entry(self.user.clone()).or_default();
        *times += 1;
        (how == "literals" || *times == 1).then(|| (fault.to_owned(), number.parse().unwrap()))
    }

    /// Counts the literals in `data`, and plays the fault at the one whose turn it is. Its tag is `tag` where it is not wrong.
    fn with_literal_fault(&mut self, data: &[u8], tag: &str) -> Vec<u8> {
        let mut said = Vec::new();
        let mut line = 0;
        let mut rest = data;
        while let Some((before, size, after)) = next_literal(rest) {
            let fault = self.literal_fault.as_ref();
            let fault = fault.filter(|(_, number)| *number == self.literals);
            self.literals += 1;
            if let Some(at) = before.windows(3).rposition(|w| w == b"\r\n*") {
                line = said.len() + at + 2;
            }
            said.extend_from_slice(before);
            let announced = match fault.map(|(fault, _)| fault.as_str()) {
                None => size.to_string(),
                Some("less1") => size.saturating_sub(1).to_string(),
                Some("less2") => size.saturating_sub(2).to_string(),
                Some("none") => "0".to_owned(),
                Some("more1") => (size + 1).to_string(),
                Some("more7") => (size + 7).to_string(),
                // As much as is kept in memory, as is skipped, and more than that.
                Some("kept") => (256_u64 << 20).to_string(),
                Some("skipped") => u32::MAX.to_string(),
                Some("beyond") => "99999999999999999999".to_owned(),
                Some(other) => {
                    let tag = if other == "tag" { "zz9" } else { tag };
                    let wrong = format!("{tag} OK done\r\n");
                    said.splice(line..line, wrong.into_bytes());
                    size.to_string()
                }
            };
            said.extend_from_slice(format!("{{{announced}}}\r\n").as_bytes());
            said.extend_from_slice(&after[..size]);
            rest = &after[size..];
        }
        said.extend_from_slice(rest);
        said
    }

    /// What the server as a whole has against this connection.
    fn mood(&mut self, step: Option<usize>) -> Option<&'static str> {
        let (kind, _) = self.user.split_once('-')?;
        let mut met = self.met.lock().unwrap();
        match (kind, step?) {
            ("patience", 3) => {
                let times = met.entry(self.user.clone()).or_default();
                *times += 1;
                (*times == 1).then_some("[THROTTLED] Suggested Backoff Time: 2000 milliseconds")
            }
            ("ill", 0) => Some("[UNAVAILABLE] Suggested Backoff Time: 10 milliseconds"),
            ("crowd", 0) => {
                let inside = met.entry(kind.to_owned()).or_default();
                if *inside >= ROOM {
                    return Some("[LIMIT] Too many simultaneous connections");
                }
                *inside += 1;
                self.is_in = true;
                None
            }
            _ => None,
        }
    }

    /// The fault that this user meets now.
    fn fault(&self, step: Option<usize>) -> Option<String> {
        let words: Vec<_> = self.user.split('-').collect();
        let &[how @ ("once" | "ever"), name, at] = words.as_slice() else {
            return None;
        };
        let fault = Fault {
            name: name.to_owned(),
            step: at.parse().unwrap(),
            ever: how == "ever",
        };
        if step != Some(fault.step) {
            return None;
        }
        let mut met = self.met.lock().unwrap();
        let times = met.entry(self.user.clone()).or_default();
        *times += 1;
        (fault.ever || *times == 1).then_some(fault.name)
    }

    fn play(&mut self, tag: &str, step: Option<usize>, data: &[u8]) -> std::io::Result<Go> {
        if let Some(said) = self.mood(step) {
            return self.say(format!("{tag} NO {said}\r\n").as_bytes());
        }
        let code = if step == Some(3) { "[READ-ONLY] " } else { "" };
        let done = format!("{tag} OK {code}done\r\n");
        let data = &self.with_literal_fault(data, tag)[..];
        let whole = [data, done.as_bytes()].concat();
        let other_sizes = |add: isize| {
            let text = String::from_utf8(data.to_vec()).unwrap();
            let mut pieces = text.split('{');
            let mut changed = vec![pieces.next().unwrap().to_owned()];
            for piece in pieces {
                let (size, rest) = piece.split_once('}').unwrap();
                let size = size.parse::<isize>().unwrap() + add;
                changed.push(format!("{{{}}}{rest}", size.max(0)));
            }
            [changed.concat().as_bytes(), done.as_bytes()].concat()
        };
        let said: Vec<u8> = match self.fault(step).as_deref() {
            None => whole,
            Some("cut") => return Ok(Go::Away),
            Some("half") => {
                self.writer.write_all(&whole[..whole.len() / 2])?;
                return Ok(Go::Away);
            }
            Some("stall") => {
                self.writer.write_all(&whole[..whole.len() / 3])?;
                thread::sleep(STALL);
                return Ok(Go::Away);
            }
            Some("garbage") => [&b"\xff\xfe\x80\0{9\x1b[2J\r\n"[..], &whole].concat(),
            Some("noise") => [&b"* 4 FETCH (FLAGS (\\Seen \xff))\r\n* 4 FETCH (ENVELOPE (\"\xe9\" \"\\\r\n"[..], &whole].concat(),
            Some("tag") => [data, b"zz9 OK done\r\n", done.as_bytes()].concat(),
            Some("small") => other_sizes(-2),
            Some("large") => other_sizes(7),
            Some("bye") => {
                self.writer.write_all(b"* BYE see you \x1b[31m\r\n")?;
                return Ok(Go::Away);
            }
            Some("no") => format!("{tag} NO [SERVERBUG] Internal error\r\n").into_bytes(),
            // Known to make the crate panic.
            Some("panics") => [&b"* NO\r\n* 1 FETCH (INTERNALDATE NIL)\r\n* OK [UIDNEXT x]\r\n* LIST () \"/\" &!!!-\r\n"[..], &whole].concat(),
            Some("brackets") => [b"* 1 FETCH (UID 1 BODYSTRUCTURE ", "(".repeat(100_000).as_bytes(), b"\r\n", &whole].concat(),
            Some(other) => panic!("no such fault: {other}"),
        };
        self.say(&said)
    }
}

/// What stands before the next literal, its size, and what follows its announcement.
fn next_literal(data: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let end = data.windows(3).position(|w| w == b"}\r\n")?;
    let begin = data[..end].iter().rposition(|b| *b == b'{')?;
    let size = std::str::from_utf8(&data[begin + 1..end]).unwrap();
    Some((&data[..begin], size.parse().unwrap(), &data[end + 3..]))
}
