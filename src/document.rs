//! Text of office files and PDF: taken out in a child process with hard limits, because what reads such files can be made
//! to loop, to fill the memory, or to overflow the stack, which no panic guard stops.
//!
//! [`Reader`] starts the program again as a worker ([`serve`]) with nothing but pipes: no environment, no file and no
//! socket that it could open. A worker reads one document after the other, and after any failure another takes its place.

mod frame;
mod markup;
mod office;
mod pdf;
mod reader;
mod sheet;
mod text;
mod worker;

pub use reader::{Limits, Reader};
pub use text::read;
pub use worker::serve;

/// Of one document at most so many octets are looked at; larger ones are not sent to a worker.
pub const MOST_OCTETS: usize = 16 << 20;

/// Of one document's text so many octets are kept.
pub const MOST_TEXT: usize = 1 << 20;

/// The name of the hidden command under which the program serves as a worker.
pub const COMMAND: &str = "document-worker";

/// What was read of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extract {
    /// Its text: paragraphs and rows are lines, cells are parted by tabs, targets of links stand at the end.
    pub text: String,
    /// Why that is not all; `None` if it is, and for files that turn out to be of another kind.
    pub shortfall: Option<Shortfall>,
}

/// Why a document was not read, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// It asks for a password.
    Encrypted,
    /// More octets, or more text, than is read.
    TooLarge,
    /// It does not keep to its format, or uses of it what we do not know.
    Broken,
    /// Reading it took more memory, or deeper nesting, than a worker has.
    TooComplex,
    /// Reading it took longer than a worker may.
    TookTooLong,
    /// No worker could be started.
    NoWorker,
}

impl Shortfall {
    const ALL: [Self; 6] = [
        Self::Encrypted,
        Self::TooLarge,
        Self::Broken,
        Self::TooComplex,
        Self::TookTooLong,
        Self::NoWorker,
    ];

    /// The stable word for reports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Encrypted => "attachment-encrypted",
            Self::TooLarge => "attachment-too-large",
            Self::Broken => "attachment-broken",
            Self::TooComplex => "attachment-too-complex",
            Self::TookTooLong => "attachment-timeout",
            Self::NoWorker => "attachment-not-opened",
        }
    }

    /// For people.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Encrypted => "the document asks for a password",
            Self::TooLarge => "the document is larger than is read, or holds more text",
            Self::Broken => "the document is damaged, or of a form that is not known",
            Self::TooComplex => "reading the document took more memory than is allowed",
            Self::TookTooLong => "reading the document took longer than is allowed",
            Self::NoWorker => "the process that reads documents could not be started",
        }
    }

    /// What somebody can do about it.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Encrypted => {
                "ask for the password (it is often in the next message) and open the attachment by hand; the message \
                 itself was judged"
            }
            Self::NoWorker => {
                "see that the program may start itself (limits of processes and memory), then run again with --full"
            }
            Self::TookTooLong => {
                "open the attachment by hand, or run again with --full when the machine has less to do; the message \
                 itself was judged"
            }
            Self::TooLarge | Self::Broken | Self::TooComplex => {
                "open the attachment by hand; the message itself was judged"
            }
        }
    }

    /// Whether another run may read it.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::TookTooLong | Self::NoWorker)
    }
}

impl From<Shortfall> for Extract {
    fn from(shortfall: Shortfall) -> Self {
        Self {
            text: String::new(),
            shortfall: Some(shortfall),
        }
    }
}
