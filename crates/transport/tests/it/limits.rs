use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use transport::{Drain, ListenOptions};

/// The status line of the answer to a request with so many header fields.
async fn answer(address: SocketAddr, fields: usize) -> String {
    let mut head = String::from("GET / HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n");
    for number in 2..fields {
        write!(head, "x-{number}: 1\r\n").unwrap();
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_head_may_have_as_many_fields_as_the_options_say() {
    for fields in [20, ListenOptions::default().head_fields_max] {
        let options = ListenOptions { head_fields_max: fields, ..ListenOptions::default() };
        let listener = transport::bind("127.0.0.1:0".parse().unwrap(), 1).unwrap().remove(0);
        let address = listener.local_addr().unwrap();
        let (drain, draining) = Drain::new();
        let service = |_| async { Response::new(Full::<Bytes>::default()) };
        let serving =
            tokio::spawn(transport::serve(listener, options, draining, Duration::ZERO, service));
        assert_eq!(answer(address, fields).await, "HTTP/1.1 200 OK");
        let refused = "HTTP/1.1 431 Request Header Fields Too Large";
        assert_eq!(answer(address, fields + 1).await, refused, "{fields}");
        drain.start();
        serving.await.unwrap().unwrap();
    }
}
