//! Cuts UIDs into commands: compact sequence sets (RFC 9051, 9), bounded in octets, messages and length.

use super::Listed;

/// RFC 7162, 4: servers accept command lines of 8,192 octets; the rest is for the command itself.
const SET_LENGTH: usize = 7_800;

/// How much one command may ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portion {
    /// Octets of messages, by RFC822.SIZE.
    pub octets: u64,
    /// Messages.
    pub messages: usize,
}

/// UIDs that one command asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UidSet {
    /// As it stands in the command: `1:200,205`.
    pub text: String,
    /// The messages in it.
    pub messages: Vec<Listed>,
    /// The sum of their sizes, as the server told them.
    pub octets: u64,
}

/// Cuts `messages`, ascending by UID, into sets; a message larger than a portion has a set of its own.
pub(super) fn portions(messages: &[Listed], portion: Portion) -> impl Iterator<Item = UidSet> {
    let mut rest = messages;
    std::iter::from_fn(move || {
        let set = first_portion(rest, portion);
        rest = rest.get(set.messages.len()..).unwrap_or_default();
        (!set.messages.is_empty()).then_some(set)
    })
}

fn first_portion(messages: &[Listed], portion: Portion) -> UidSet {
    let mut set = UidSet::default();
    // The range that is open: its text is written when the next UID does not continue it.
    let mut open: Option<(u32, u32)> = None;
    for message in messages {
        let octets = u64::from(message.size);
        if !set.messages.is_empty()
            && (set.octets + octets > portion.octets
                || set.messages.len() >= portion.messages
                || set.text.len() + "4294967295:4294967295,".len() > SET_LENGTH)
        {
            break;
        }
        open = match open {
            Some((first, last)) if last.checked_add(1) == Some(message.uid) => {
                Some((first, message.uid))
            }
            Some(range) => {
                write_range(&mut set.text, range);
                Some((message.uid, message.uid))
            }
            None => Some((message.uid, message.uid)),
        };
        set.octets += octets;
        set.messages.push(*message);
    }
    if let Some(range) = open {
        write_range(&mut set.text, range);
    }
    set
}

fn write_range(text: &mut String, (first, last): (u32, u32)) {
    use std::fmt::Write as _;
    if !text.is_empty() {
        text.push(',');
    }
    let written = if first == last {
        write!(text, "{first}")
    } else {
        write!(text, "{first}:{last}")
    };
    debug_assert!(written.is_ok(), "a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(uid: u32, size: u32) -> Listed {
        Listed {
            uid,
            size,
            internal_date: None,
        }
    }

    #[track_caller]
    fn check(messages: &[(u32, u32)], expected: &[&str]) {
        let messages: Vec<_> = messages
            .iter()
            .map(|&(uid, size)| listed(uid, size))
            .collect();
        let portion = Portion {
            octets: 100,
            messages: 4,
        };
        let sets: Vec<_> = portions(&messages, portion).collect();
        let texts: Vec<_> = sets.iter().map(|set| set.text.as_str()).collect();
        assert_eq!(texts, expected);
        let back: Vec<_> = sets.into_iter().flat_map(|set| set.messages).collect();
        assert_eq!(back, messages);
    }

    #[test]
    fn sets() {
        check(&[], &[]);
        check(&[(7, 1)], &["7"]);
        check(&[(1, 1), (2, 1), (3, 1)], &["1:3"]);
        check(&[(1, 1), (3, 1), (4, 1), (9, 1)], &["1,3:4,9"]);
        check(&[(1, 60), (2, 40), (3, 1)], &["1:2", "3"]);
        check(&[(1, 500), (2, 500)], &["1", "2"]);
        check(&[(1, u32::MAX), (2, u32::MAX)], &["1", "2"]);
        check(&[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)], &["1:4", "5"]);
        check(
            &[(u32::MAX - 1, 1), (u32::MAX, 1)],
            &["4294967294:4294967295"],
        );
    }

    #[test]
    fn no_command_is_too_long() {
        let messages: Vec<_> = (0..10_000)
            .map(|n| listed(4_000_000_000 + 2 * n, 1))
            .collect();
        let portion = Portion {
            octets: u64::MAX,
            messages: 2_000,
        };
        let sets: Vec<_> = portions(&messages, portion).collect();
        assert!(sets.iter().all(|set| set.text.len() <= SET_LENGTH));
        assert_eq!(
            sets.iter().map(|set| set.messages.len()).sum::<usize>(),
            10_000
        );
    }
}
