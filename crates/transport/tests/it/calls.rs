use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use socket2::{Domain, Socket, Type};
use transport::{Client, ClientOptions, Reply};
use vocab::{Failure, FailureKind, HttpCall, failure::Limit};

use crate::server::{Server, Then};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(30);

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const LAST: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";

fn client() -> Client {
    Client::new(ClientOptions::default()).unwrap()
}

fn call(address: SocketAddr) -> HttpCall {
    HttpCall {
        method: Method::POST,
        uri: format!("http://{address}/v1/chat?a=b").parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

async fn open(client: &Client, server: &Server) -> Result<Reply, Failure> {
    client.open(call(server.address), LONG, LONG).await
}

async fn whole(client: &Client, server: &Server) -> Bytes {
    open(client, server).await.unwrap().whole(1_000, LONG, LONG).await.unwrap().body
}

fn kind<T>(result: Result<T, Failure>) -> FailureKind {
    result.err().map(|failure| failure.kind).unwrap()
}

#[tokio::test]
async fn a_connection_whose_reply_was_read_to_its_end_is_used_again() {
    for (bytes, body) in [(WHOLE, "hello"), (CHUNKED, "hello"), (EMPTY, "")] {
        let (client, server) = (client(), Server::start(Then::Wait(bytes)).await);
        for _ in 0..3 {
            assert_eq!(whole(&client, &server).await, body);
        }
        assert_eq!(server.opened(), 1, "{bytes}");
    }
}

#[tokio::test]
async fn a_connection_is_given_back_however_its_body_is_read() {
    let (client, server) = (client(), Server::start(Then::Wait(CHUNKED)).await);
    let mut reply = open(&client, &server).await.unwrap();
    while reply.body.chunk().await.unwrap().is_some() {}
    let mut reply = open(&client, &server).await.unwrap();
    while reply.body.ready().is_some() || reply.body.chunk().await.unwrap().is_some() {}
    drop(open(&client, &server).await.unwrap());
    assert_eq!(server.opened(), 1);
}

#[tokio::test]
async fn a_request_names_its_path_and_its_host() {
    let (client, server) = (client(), Server::start(Then::Wait(EMPTY)).await);
    whole(&client, &server).await;
    let head = server.head();
    assert!(head.starts_with("POST /v1/chat?a=b HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.address)), "{head}");
    let mut named = call(server.address);
    named.headers.insert("host", "api.example".parse().unwrap());
    client.open(named, LONG, LONG).await.unwrap();
    assert_eq!(server.head().matches("host: ").count(), 1);
    assert!(server.head().contains("host: api.example"));
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let (client, server) = (client(), Server::start(Then::Close(LAST)).await);
    for expected in 1..4 {
        assert_eq!(whole(&client, &server).await, "hello");
        assert_eq!(server.opened(), expected);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_not_used_again() {
    let (client, server) = (client(), Server::start(Then::Close(WHOLE)).await);
    for expected in 1..4 {
        assert_eq!(whole(&client, &server).await, "hello");
        assert_eq!(server.opened(), expected);
        // The end of the connection is on this side already; the runtime looks at sockets once in
        // some sixty turns.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_connection_whose_body_was_dropped_midway_is_not_used_again() {
    let (client, server) = (client(), Server::start(Then::Wait(HALF)).await);
    for expected in 1..4 {
        let mut reply = open(&client, &server).await.unwrap();
        assert_eq!(reply.body.chunk().await.unwrap().unwrap(), "hello");
        drop(reply);
        assert_eq!(server.opened(), expected);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_cut() {
    let (client, server) = (client(), Server::start(Then::Close(HALF)).await);
    let reply = open(&client, &server).await.unwrap();
    assert_eq!(kind(reply.whole(1_000, LONG, LONG).await), FailureKind::Cut);
}

#[tokio::test]
async fn a_body_larger_than_allowed_is_broken_in_one_piece_or_many() {
    for bytes in [WHOLE, CHUNKED] {
        let (client, server) = (client(), Server::start(Then::Wait(bytes)).await);
        let reply = open(&client, &server).await.unwrap();
        assert_eq!(kind(reply.whole(4, LONG, LONG).await), FailureKind::Broken);
        let reply = open(&client, &server).await.unwrap();
        assert_eq!(reply.whole(5, LONG, LONG).await.unwrap().body, "hello");
    }
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_not_used_again() {
    let options = ClientOptions { idle: Duration::ZERO, ..ClientOptions::default() };
    let (client, server) = (Client::new(options).unwrap(), Server::start(Then::Wait(WHOLE)).await);
    whole(&client, &server).await;
    whole(&client, &server).await;
    assert_eq!(server.opened(), 2);
}

#[tokio::test]
async fn no_more_connections_are_kept_than_allowed() {
    let options = ClientOptions { idle_per_host: 1, ..ClientOptions::default() };
    let (client, server) = (Client::new(options).unwrap(), Server::start(Then::Wait(WHOLE)).await);
    for expected in [2, 3] {
        let (first, second) = (open(&client, &server).await, open(&client, &server).await);
        for reply in [first, second] {
            reply.unwrap().whole(1_000, LONG, LONG).await.unwrap();
        }
        assert_eq!(server.opened(), expected);
    }
}

#[tokio::test]
async fn a_reply_that_never_comes_is_out_of_time_at_its_head() {
    let (client, server) = (client(), Server::start(Then::Wait("")).await);
    let reply = client.open(call(server.address), LONG, SHORT).await;
    assert_eq!(kind(reply), FailureKind::TimedOut(Limit::Headers));
    let reply = client.open(call(server.address), LONG, SHORT).await;
    assert_eq!(kind(reply), FailureKind::TimedOut(Limit::Headers));
    assert_eq!(server.opened(), 2, "the first connection may still bring its reply");
}

#[tokio::test]
async fn a_connection_that_closes_before_a_reply_is_reset() {
    let (client, server) = (client(), Server::start(Then::Close("")).await);
    assert_eq!(kind(open(&client, &server).await), FailureKind::Reset);
}

#[tokio::test]
async fn a_refused_connection_and_an_address_that_is_none_are_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let reply = client().open(call(address), LONG, LONG).await;
    assert_eq!(kind(reply), FailureKind::Unreachable);
    for uri in ["/path", "ftp://127.0.0.1/"] {
        let wrong = HttpCall { uri: uri.parse().unwrap(), ..call(address) };
        assert_eq!(kind(client().open(wrong, LONG, LONG).await), FailureKind::Unreachable);
    }
}

#[tokio::test]
async fn a_connection_that_nobody_answers_is_out_of_time_at_connecting() {
    // Once its queue is full, a listener that never accepts answers nobody.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let waiting: Vec<_> = std::iter::repeat_with(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // In progress, which is an error here.
        let _ = socket.connect(&address.into());
        socket
    })
    .take(3)
    .collect();
    let reply = client().open(call(address), SHORT, LONG).await;
    assert_eq!(kind(reply), FailureKind::TimedOut(Limit::Connect));
    drop(waiting);
}
