use super::*;

#[track_caller]
fn check(html: &str, expected: &str) {
    assert_eq!(render(html).text, expected);
}

#[track_caller]
fn check_marks(html: &str, expected: &[(MarkKind, &str)]) {
    let rendered = render(html);
    let found: Vec<(MarkKind, &str)> = rendered
        .marks
        .iter()
        .map(|m| (m.kind, rendered.text[m.range.clone()].trim()))
        .collect();
    assert_eq!(found, expected, "{:?}", rendered.text);
}

#[test]
fn blocks_are_lines() {
    check("<div>a</div><div>b<br>c</div>", "a\nb\nc");
    check("<p>a</p><p>b</p>", "a\n\nb");
    check(
        "<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>",
        "a\n \nb",
    );
    check("<div>a</div><div><br></div><div>b</div>", "a\n\nb");
    check("one  \n two\tthree", "one two three");
    check("<ul><li>a<li>b</ul>c", "• a\n• b\nc");
    check(
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "a\tb\nc",
    );
    check("<pre>a\n  b</pre>", "a\n  b");
    check("a<b>b</b> <i>c</i>", "ab c");
}

#[test]
fn entities_and_invisible_characters() {
    check(
        "adi&oacute;s&nbsp;a &lt;todos&gt; &#8364;",
        "adiós a <todos> €",
    );
    check("ad\u{200b}i\u{ad}os&zwnj;", "adios");
}

#[test]
fn unshown_elements_are_dropped() {
    check(
        "<head><title>t</title><style>p{}</style></head><!-- c --><script>s()</script>a<!--[if mso]>m<![endif]-->b",
        "ab",
    );
}

#[test]
fn quotes_are_marked() {
    check_marks(
        "own<blockquote type=cite>quoted</blockquote>own again",
        &[(MarkKind::Quote, "quoted")],
    );
    check_marks(
        "own<div class=\"x_yahoo_quoted\">a<div>b</div></div>",
        &[(MarkKind::Quote, "a\nb")],
    );
    check_marks(
        "a<blockquote style=\"margin:0 0 0 40px\">b</blockquote>",
        &[(MarkKind::Indent, "b")],
    );
    check_marks(
        "a<div id=divRplyFwdMsg>From: x</div>rest",
        &[(MarkKind::Cut, "")],
    );
    check_marks(
        "a<div style='border:none;border-top:solid #E1E1E1 1.0pt'>From: x</div>",
        &[(MarkKind::Border, "")],
    );
}

#[test]
fn gmail_answers_between_quotes_stay_own() {
    check_marks(
        "top<div class=gmail_quote><div class=gmail_attr>On x wrote:</div><blockquote class=gmail_quote>q1</blockquote>\
         <div>mine</div><blockquote class=gmail_quote>q2</blockquote></div>",
        &[
            (MarkKind::Quote, "On x wrote:\nq1"),
            (MarkKind::Quote, "q2"),
        ],
    );
    check_marks(
        "<div class=gmail_quote>---------- Forwarded message ---------<br>text<blockquote class=gmail_quote>q\
         </blockquote>more</div>",
        &[(
            MarkKind::Quote,
            "---------- Forwarded message ---------\ntext\nq\nmore",
        )],
    );
}

#[test]
fn hidden_text_is_marked() {
    check_marks(
        "<div style='display: none'>secret</div>open",
        &[(MarkKind::Hidden, "secret")],
    );
    check_marks(
        "a <span style='font-size:0px'>b</span> c",
        &[(MarkKind::Hidden, "b")],
    );
    check_marks("<span style='font-size:0.9em'>b</span>", &[]);
    check_marks("<p hidden>x<p>y", &[(MarkKind::Hidden, "x")]);
    check_marks("<font color=white>x</font>", &[(MarkKind::Hidden, "x")]);
    check_marks(
        "<table bgcolor=navy><tr><td><font color=white>x</font></td></tr></table>",
        &[],
    );
    check_marks(
        "<table><tr style='visibility:hidden'><td>x</table>y",
        &[(MarkKind::Hidden, "x")],
    );
}

#[test]
fn signatures_are_marked() {
    check_marks(
        "bye<div class=gmail_signature>Ana</div>",
        &[(MarkKind::Signature, "Ana")],
    );
}

#[test]
fn links_keep_their_targets() {
    let rendered = render(
        "write <a href='mailto:ana@x.example?subject=a&amp;b'> me </a> or <a href=\"#top\">up</a> \
         <a href='https://x.example'><img src=a></a>",
    );
    let found: Vec<(&str, &str)> = rendered
        .links
        .iter()
        .map(|l| (&rendered.text[l.range.clone()], l.target.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("me", "mailto:ana@x.example?subject=a&b"),
            ("", "https://x.example")
        ]
    );
}

#[test]
fn hostile_nesting_takes_linear_time() {
    for tag in [
        "div",
        "blockquote type=cite",
        "table><tr><td",
        "p hidden",
        "a href=b:c",
        "b",
    ] {
        let html = format!("<{tag}>").repeat(20_000);
        render(&html);
        let closed = html + &"</blockquote></b></td>".repeat(10_000);
        render(&closed);
    }
}
