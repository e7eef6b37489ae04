//! Messages for the tests.

/// A farewell that gives a private address; `number` keeps messages apart.
pub(crate) fn farewell(from: &str, number: u32) -> String {
    message(
        from,
        number,
        "Goodbye",
        "Dear Mr Marsh,\r\n\r\n\
         I am leaving Acme at the end of June, and the 28th will be my last day. My private\r\n\
         e-mail address is anna.privately@homepost.example and my mobile is +44 7700 900461.\r\n\r\n\
         Kind regards\r\n",
    )
}

/// Business as usual.
pub(crate) fn ordinary(from: &str, number: u32) -> String {
    message(
        from,
        number,
        "Order",
        "Dear Mr Marsh,\r\n\r\nthe pallets leave the warehouse on Tuesday.\r\n\r\nKind regards\r\n",
    )
}

/// A farewell as one part of several, with `octets` of pictures before and behind it, and a card.
pub(crate) fn with_attachments(from: &str, number: u32, octets: usize) -> String {
    let line = [&"iVBORw0K".repeat(9), "\r\n"].concat();
    let picture = line.repeat(octets / 2 / line.len());
    let image = format!(
        "Content-Type: image/png; name=\"a (b).png\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{picture}"
    );
    let whole = farewell(from, number);
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let card =
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL;TYPE=home:+44 7700 900462\r\nEND:VCARD\r\n";
    format!(
        "{head}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"o u\"\r\n\r\nPreamble.\r\n\
         --o u\r\n{image}\r\n--o u\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n\
         --in\r\n\r\n{body}\r\n--in\r\nContent-Type: text/html\r\n\r\n<p>{body}</p>\r\n--in--\r\n\
         --o u\r\n{image}\r\n--o u\r\nContent-Type: application/octet-stream; name=anna.vcf\r\n\
         Content-Disposition: attachment\r\n\r\n{card}\r\n--o u--\r\nEpilogue.\r\n"
    )
}

fn message(from: &str, number: u32, subject: &str, body: &str) -> String {
    let minute = number % 60;
    format!(
        "From: {from}@acme.example\r\nTo: Peter Marsh <marsh@client.example>\r\n\
         Date: Mon, 10 Jun 2024 09:{minute:02}:00 +0000\r\nSubject: {subject} {number}\r\n\
         Message-ID: <{number}.{from}@acme.example>\r\n\r\n{body}"
    )
}
