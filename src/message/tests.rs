use super::*;

#[test]
fn a_simple_message() {
    let message = parse(
        b"From: Ana <ana@acme.example>\r\nTo: bo@client.example\r\nSubject: Hi\r\n\r\nHello\r\n",
    );
    assert_eq!(message.from[0].address, "ana@acme.example");
    assert_eq!(message.bodies[0].content, "Hello\n");
}
