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

fn message(from: &str, number: u32, subject: &str, body: &str) -> String {
    let minute = number % 60;
    format!(
        "From: {from}@acme.example\r\nTo: Peter Marsh <marsh@client.example>\r\n\
         Date: Mon, 10 Jun 2024 09:{minute:02}:00 +0000\r\nSubject: {subject} {number}\r\n\
         Message-ID: <{number}.{from}@acme.example>\r\n\r\n{body}"
    )
}
