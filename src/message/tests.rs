use super::*;

fn own_text(text: &Text) -> String {
    text.segments()
        .filter(|(_, zone)| *zone == Zone::Own)
        .map(|(part, _)| part)
        .collect()
}

/// Part numbers and texts of what is displayed.
#[track_caller]
fn check_bodies(octets: &str, expected: &[(&str, &str)]) -> Message {
    let message = parse(octets.replace('\n', "\r\n").as_bytes());
    let found: Vec<(&str, &str)> = message
        .bodies
        .iter()
        .map(|body| (body.part.as_str(), body.content.trim()))
        .collect();
    assert_eq!(found, expected);
    message
}

#[track_caller]
fn check_defects(message: &Message, expected: &[&str]) {
    let codes: Vec<&str> = message.defects.iter().map(|d| d.code).collect();
    assert_eq!(codes, expected);
}

#[test]
fn headers() {
    let message = parse(
        "From: \"Ruiz, Ana\" <Ana.Ruiz@ACME.example>\r\nSender: eva@acme.example\r\n\
         To: =?utf-8?Q?J=C3=B6rg?= <j@client.example>,\r\n c@client.example\r\nTo: d@client.example\r\n\
         Cc: Team: e@client.example;\r\nBcc: f@client.example\r\nReply-To: ana@home.example\r\n\
         Subject : =?utf-8?B?QWRpww==?= =?utf-8?B?s3M=?=\r\n and more\r\n\
         Date: Fri, 28 Jun 24 09:30:00 +0200\r\nMessage-ID: <1@acme.example>\r\n\r\nHello"
            .as_bytes(),
    );
    assert_eq!(message.from[0].name, "Ruiz, Ana");
    assert_eq!(message.from[0].address, "Ana.Ruiz@acme.example");
    assert_eq!(message.sender.unwrap().address, "eva@acme.example");
    let to: Vec<&str> = message.to.iter().map(|a| a.address.as_str()).collect();
    assert_eq!(
        to,
        ["j@client.example", "c@client.example", "d@client.example"]
    );
    assert_eq!(message.to[0].name, "Jörg");
    assert_eq!(message.cc[0].address, "e@client.example");
    assert_eq!(message.bcc[0].address, "f@client.example");
    assert_eq!(message.reply_to[0].address, "ana@home.example");
    assert_eq!(message.subject, "Adiós and more");
    assert_eq!(message.sent.unwrap().to_string(), "2024-06-28T07:30:00Z");
    assert_eq!(message.message_id.unwrap(), "1@acme.example");
    assert!(message.defects.is_empty());
}

#[test]
fn a_date_that_is_missing_is_none() {
    assert_eq!(parse(b"From: a@x.example\nDate:\n\nx").sent, None);
    assert_eq!(parse(b"From: a@x.example\n\nx").sent, None);
}

#[test]
fn octets_without_a_header_are_the_authors_text() {
    let message = parse(b"I am leaving.\nAna");
    assert_eq!(message.bodies[0].content, "I am leaving.\nAna");
    assert_eq!(message.bodies[0].zones[0].zone, Zone::Own);
    check_defects(&message, &["no-header"]);
    assert!(parse(b"").bodies.iter().all(|b| b.content.is_empty()));
}

#[test]
fn of_alternatives_the_best_is_chosen() {
    let both = |plain: &str, html: &str| {
        format!(
            "From: a@x.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n{plain}\n--b\n\
             Content-Type: text/html\n\n{html}\n--b--\n"
        )
    };
    check_bodies(
        &both("I am leaving.", "<p>I am leaving.</p>"),
        &[("1", "I am leaving.")],
    );
    check_bodies(&both("", "<p>I am leaving.</p>"), &[("2", "I am leaving.")]);
    check_bodies(
        &both("Hello.", "<p>Hello. I am leaving for good on Friday.</p>"),
        &[("2", "Hello. I am leaving for good on Friday.")],
    );
    check_bodies(
        &both(
            "Please use an HTML browser to view this message.",
            "<p>I am leaving the firm.</p>",
        ),
        &[("2", "I am leaving the firm.")],
    );
}

#[test]
fn links_of_the_html_are_carried_over() {
    let message = check_bodies(
        "From: a@x.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nWrite to me here any time.\n--b\n\
         Content-Type: text/html\n\nWrite to me <a href='mailto:ana@home.example'>here</a> any \
         time<a href='tel:+34600000000'><img></a>.\n--b--\n",
        &[("1", "Write to me here any time.")],
    );
    let body = &message.bodies[0];
    let links: Vec<(&str, &str)> = body
        .links
        .iter()
        .map(|l| (&body.content[l.range.clone()], l.target.as_str()))
        .collect();
    assert_eq!(
        links,
        [
            ("here", "mailto:ana@home.example"),
            ("", "tel:+34600000000")
        ]
    );
}

#[test]
fn several_displayed_parts_and_attachments() {
    let message = check_bodies(
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/related; boundary=r\n\n\
         --r\nContent-Type: text/html\n\n<p>one</p>\n--r\nContent-Type: image/png; name=logo.png\n\
         Content-Transfer-Encoding: base64\n\nAAAAAAAA\n--r--\n--m\nContent-Type: text/plain\n\ntwo\n--m\n\
         Content-Type: text/x-vcard; name=ana.vcf\n\nBEGIN:VCARD\nTEL:600\n --x\nEND:VCARD\n--m\n\
         Content-Type: application/octet-stream; name=list.txt\nContent-Disposition: attachment\n\
         Content-Transfer-Encoding: base64\n\naG9sYQ==\n--m\nContent-Type: text/plain\n\
         Content-Disposition: attachment; filename=notes.txt\n\nnotes\n--m\n\
         Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"a.pdf\"\n\
         Content-Transfer-Encoding: base64\n\naG9sYQ==\n--m--\n",
        &[("1.1", "one"), ("2", "two")],
    );
    let found: Vec<(&str, &str, u64, Option<&str>)> = message
        .attachments
        .iter()
        .map(|a| {
            let text = a.text.as_ref().map(|t| t.content.trim());
            (a.part.as_str(), a.file_name.as_str(), a.size, text)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("1.2", "logo.png", 6, None),
            (
                "3",
                "ana.vcf",
                37,
                Some("BEGIN:VCARD\nTEL:600\n --x\nEND:VCARD")
            ),
            ("4", "list.txt", 4, Some("hola")),
            ("5", "notes.txt", 5, Some("notes")),
            ("6", "a.pdf", 4, None),
        ]
    );
    check_defects(&message, &[]);
}

#[test]
fn nested_messages_are_attachments() {
    let message = check_bodies(
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nsee below\n--m\n\
         Content-Type: message/rfc822\n\nFrom: Bo <bo@client.example>\nSubject: =?utf-8?q?adi=C3=B3s?=\n\
         Content-Type: multipart/mixed; boundary=n\n\n--n\n\nI am leaving.\n--n\nContent-Type: text/vcard; name=bo.vcf\n\n\
         BEGIN:VCARD\n--n--\n--m--\n",
        &[("1", "see below")],
    );
    let nested = message.attachments.iter().find(|a| a.is_message).unwrap();
    assert_eq!(nested.part, "2");
    assert_eq!(nested.file_name, "adiós");
    assert_eq!(
        nested.text.as_ref().unwrap().content.trim(),
        "From: Bo <bo@client.example>\nSubject: adiós\n\nI am leaving."
    );
    let card = message.attachments.iter().find(|a| !a.is_message).unwrap();
    assert_eq!(
        (card.part.as_str(), card.file_name.as_str()),
        ("2.2", "bo.vcf")
    );
}

#[test]
fn messages_in_messages_end_somewhere() {
    let mut octets = "x".to_owned();
    for _ in 0..40 {
        octets = format!("From: a@x.example\nContent-Type: message/rfc822\n\n{octets}");
    }
    let message = parse(octets.as_bytes());
    check_defects(&message, &["nesting-too-deep"]);
    assert!(message.defects[0].is_attachment);
}

#[test]
fn too_deep_parts_are_kept_as_text() {
    let mut octets = "From: a@x.example\n".to_owned();
    for i in 0..150 {
        let part = format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n");
        octets.push_str(&part);
    }
    octets.push_str("Content-Type: text/plain\n\nI am leaving.");
    let message = parse(octets.as_bytes());
    check_defects(&message, &["nesting-too-deep"]);
    assert!(message.bodies[0].content.contains("I am leaving."));
    assert_eq!(message.bodies[0].zone_at(0), Zone::Own);
}

#[test]
fn damaged_encodings_and_wrong_charsets() {
    let head = "From: a@x.example\nContent-Type: text/plain; charset";
    let message = check_bodies(
        &format!("{head}=utf-8\nContent-Transfer-Encoding: base64\n\nYWRp!b3M=\n"),
        &[("1", "adios")],
    );
    check_defects(&message, &["bad-base64"]);
    check_bodies(&format!("{head}=us-ascii\n\nmañana\n"), &[("1", "mañana")]);
    check_bodies(
        &format!("{head}=iso-8859-1\n\nI leave=20\non Friday=2E=20\n"),
        &[("1", "I leave \non Friday.")],
    );
    check_bodies(
        &format!("{head}=us-ascii; format=flowed; delsp=yes\n\nunter \nbrochen\n"),
        &[("1", "unterbrochen")],
    );
    check_bodies(
        &format!("{head}=utf-8\n\n\u{feff}a\0b\u{b}c\n"),
        &[("1", "ab\nc")],
    );
    let raw = b"From: a@x.example\nContent-Type: text/plain; charset=windows-1252\n\n5 \x80 a\xf1o";
    assert_eq!(parse(raw).bodies[0].content, "5 € año");
}

#[test]
fn uuencoded_files_are_no_text() {
    let message = check_bodies(
        "From: a@x.example\n\nbefore\nbegin 644 card.vcf\n#0V%T\n`\nend\nafter\nbegin with this\n",
        &[("1", "before\nafter\nbegin with this")],
    );
    assert_eq!(message.attachments[0].file_name, "card.vcf");
}

#[test]
fn binary_and_encrypted_parts_are_named() {
    let message = parse(
        b"From: a@x.example\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment\n\n\0\x01\x02\0\x03PK",
    );
    check_defects(&message, &["not-text"]);
    let message =
        parse(b"From: a@x.example\nContent-Type: application/pkcs7-mime; name=smime.p7m\n\nabc");
    check_defects(&message, &["encrypted"]);
}

#[test]
fn long_texts_are_cut_with_a_defect() {
    let mut octets = b"From: a@x.example\n\n".to_vec();
    octets.extend(b"word word word word\n".repeat(300_000));
    let message = parse(&octets);
    assert_eq!(message.bodies[0].content.len(), 4 * 1024 * 1024);
    check_defects(&message, &["text-too-long"]);
}

#[test]
fn zones_of_whole_messages() {
    let message = parse(
        "From: Ana Ruiz <ana@acme.example>\nSubject: RV: oferta\n\nVer abajo.\n\nDe: Bo\nEnviado: lunes\nPara: Ana\n\
         Asunto: oferta\n\nMe voy."
            .as_bytes(),
    );
    let body = &message.bodies[0];
    assert_eq!(own_text(body), "Ver abajo.\n\n");
    assert_eq!(body.zone_at(body.content.len() - 1), Zone::Forwarded);
    assert_eq!(body.zone_at(usize::MAX), Zone::Forwarded);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of mail from which hostile and ordinary messages grow.
    const PIECES: [&str; 48] = [
        "From: Ana Ruiz <ana@acme.example>\n",
        "Subject: FW: =?utf-8?q?a=C3=B3?=\n",
        "To: \"a, b\" <c@d.example>, e: f;\n",
        "Content-Type: text/html; charset=utf-8\n",
        "Content-Type: multipart/mixed; boundary=b\n",
        "Content-Type: multipart/alternative; boundary=\"bb\"\n",
        "Content-Type: message/rfc822\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Transfer-Encoding: quoted-printable\n",
        "Content-Type: text/plain; format=flowed; delsp=yes\n",
        "\n",
        "\n--b\n",
        "\n--bb\n",
        "\n--b--\n",
        "\n--bb--\n",
        "> quoted\n",
        "own words of mine\n",
        "-- \n",
        "Saludos,\n",
        "Ana\n",
        "On 1/2/2024 10:00, Bo <b@x.example> wrote:\n",
        "-----Original Message-----\n",
        "From: Bo\nSent: today\nTo: Ana\nSubject: x\n",
        "---------- Forwarded message\n",
        "<div class=gmail_quote>",
        "<blockquote type=cite>",
        "</blockquote>",
        "</div>",
        "<p style='display:none'>",
        "</p>",
        "<a href='mailto:a@b.example'>",
        "</a>",
        "<table><tr><td>",
        "</table>",
        "<div id=appendonsend>",
        "<br>",
        "&nbsp;é",
        "<div class=gmail_signature>",
        "<blockquote>",
        "<pre>",
        "ñandú €\u{200b}\u{1f600}",
        "=20\n",
        "=E9=\n",
        "aG9sYQ==\n",
        "begin 644 x\n",
        "end\n",
        "This message is confidential; the intended recipient must delete it.\n",
        "____________________________\n",
    ];

    fn check_invariants(octets: &[u8]) -> Result<(), TestCaseError> {
        let message = parse(octets);
        let texts = message.attachments.iter().filter_map(|a| a.text.as_ref());
        for text in message.bodies.iter().chain(texts) {
            let mut end = 0;
            for zoned in &text.zones {
                prop_assert_eq!(zoned.range.start, end);
                prop_assert!(zoned.range.end > end);
                prop_assert!(text.content.is_char_boundary(zoned.range.end));
                end = zoned.range.end;
            }
            prop_assert_eq!(end, text.content.len());
            for link in &text.links {
                prop_assert!(text.content.get(link.range.clone()).is_some());
            }
            prop_assert!(!text.content.contains(['\r', '\0']));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_octets(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            check_invariants(&octets)?;
        }

        #[test]
        fn any_pieces(picks in proptest::collection::vec(0..PIECES.len(), 0..60)) {
            let mail: String = picks.iter().filter_map(|&i| PIECES.get(i)).copied().collect();
            check_invariants(mail.as_bytes())?;
            check_invariants(format!("From: a@x.example\nContent-Type: text/html\n\n{mail}").as_bytes())?;
        }
    }
}

#[test]
fn documents_are_listed_and_can_be_had() {
    let part = |kind: &str, encoding: &str, content: &str| {
        format!(
            "--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n"
        )
    };
    let inner = "Content-Type: multipart/mixed; boundary=b2\r\n\r\n--b2\r\n\r\ninner\r\n--b2\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF inner\r\n--b2--\r\n";
    let parts = [
        part("text/plain", "7bit", "hello"),
        part(
            "application/octet-stream; name=\"Brief an Sie.DOCX\"",
            "base64",
            "UEsD\r\nBA==",
        ),
        part("application/vnd.ms-excel; name=list.csv", "7bit", "a;b"),
        part("application/pdf", "quoted-printable", "%PDF=2D1"),
        part("message/rfc822", "7bit", inner),
        part("image/png; name=a.pdf", "base64", "AAAA"),
    ];
    let octets = format!(
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
        parts.concat()
    );
    let message = parse(octets.as_bytes());
    let documents: Vec<(&str, bool)> = message
        .attachments
        .iter()
        .map(|a| (a.part.as_str(), a.is_document))
        .collect();
    assert_eq!(
        documents,
        [
            ("2", true),
            ("3", false),
            ("4", true),
            ("5.2", true),
            ("5", false),
            ("6", false)
        ]
    );
    for (number, content) in [
        ("2", Some("PK\u{3}\u{4}")),
        ("4", Some("%PDF-1")),
        ("5.2", Some("%PDF inner")),
        ("5", None),
        ("7", None),
        ("", None),
    ] {
        let expected = content.map(|c| c.as_bytes().to_vec());
        assert_eq!(attached(octets.as_bytes(), number), expected, "{number}");
    }
}
