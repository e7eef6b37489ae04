//! What runs through the pipes: a document as its length and octets, an answer as a word, a length and text.

use std::io::{self, Read, Write};

use super::{Extract, MOST_OCTETS, MOST_TEXT, Shortfall};

/// Sends a document.
pub(super) fn write_document(to: &mut impl Write, octets: &[u8]) -> io::Result<()> {
    write_octets(to, octets)?;
    to.flush()
}

/// Receives a document; `None` if there are no more.
pub(super) fn read_document(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    match read_octets(from, MOST_OCTETS) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends what was read of a document.
pub(super) fn write_extract(to: &mut impl Write, extract: &Extract) -> io::Result<()> {
    let place = extract
        .shortfall
        .and_then(|s| Shortfall::ALL.iter().position(|other| *other == s))
        .and_then(|place| u8::try_from(place + 1).ok());
    to.write_all(&[place.unwrap_or(0)])?;
    write_octets(to, extract.text.as_bytes())?;
    to.flush()
}

/// Receives it. Whatever a worker has become, its answer is bounded, and text.
pub(super) fn read_extract(from: &mut impl Read) -> io::Result<Extract> {
    let mut word = [0];
    from.read_exact(&mut word)?;
    let shortfall = match word {
        [0] => None,
        [place] => {
            let known = Shortfall::ALL.get(usize::from(place) - 1);
            Some(*known.ok_or_else(|| invalid("an unknown word"))?)
        }
    };
    let text = String::from_utf8(read_octets(from, MOST_TEXT)?)
        .map_err(|_| invalid("an answer that is no text"))?;
    Ok(Extract { text, shortfall })
}

fn write_octets(to: &mut impl Write, octets: &[u8]) -> io::Result<()> {
    let length = u32::try_from(octets.len()).map_err(|_| invalid("too long a frame"))?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(octets)
}

fn read_octets(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > most {
        return Err(invalid("too long a frame"));
    }
    let mut octets = vec![0; length];
    from.read_exact(&mut octets)?;
    Ok(octets)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shortfall: Option<Shortfall>) {
        let extract = Extract {
            text: text.to_owned(),
            shortfall,
        };
        let mut pipe = Vec::new();
        write_extract(&mut pipe, &extract).unwrap();
        assert_eq!(read_extract(&mut pipe.as_slice()).unwrap(), extract);
    }

    #[test]
    fn answers_come_as_they_were_sent() {
        check("", None);
        check("ana@example.net\n", None);
        for shortfall in Shortfall::ALL {
            check("à", Some(shortfall));
        }
    }

    #[test]
    fn documents_come_one_by_one() {
        let mut pipe = Vec::new();
        write_document(&mut pipe, b"one").unwrap();
        write_document(&mut pipe, b"").unwrap();
        let mut pipe = pipe.as_slice();
        assert_eq!(read_document(&mut pipe).unwrap(), Some(b"one".to_vec()));
        assert_eq!(read_document(&mut pipe).unwrap(), Some(Vec::new()));
        assert_eq!(read_document(&mut pipe).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for answer in [
            &b"\x09\0\0\0\0"[..],
            b"\0\xff\xff\xff\xff",
            b"\0\0\0\0\x01\xff",
            b"\0\0",
        ] {
            assert!(read_extract(&mut &*answer).is_err(), "{answer:?}");
        }
        assert!(read_document(&mut &b"\xff\0\0\0"[..]).is_err());
    }
}
