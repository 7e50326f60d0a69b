//! A server that says what a test tells it to, byte by byte, and counts connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What follows a request to a path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    /// These bytes, and the next request is awaited.
    Wait(&'static str),
    /// These bytes, and the connection is closed.
    Close(&'static str),
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    opened: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that answers every request in the same way.
    pub(crate) async fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, heads) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let server = Self { address, opened: Arc::clone(&opened), heads: Arc::clone(&heads) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, then, Arc::clone(&heads)));
            }
        });
        server
    }

    /// Connections so far.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// The head of the last request.
    pub(crate) fn head(&self) -> String {
        self.heads.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

/// Requests here have a body of two bytes.
async fn answer(mut stream: TcpStream, then: Then, heads: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        read.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, "{}")) = text.split_once("\r\n\r\n") else { continue };
        heads.lock().unwrap().push(head.to_owned());
        read.clear();
        let (bytes, last) = match then {
            Then::Wait(bytes) => (bytes, false),
            Then::Close(bytes) => (bytes, true),
        };
        stream.write_all(bytes.as_bytes()).await.unwrap();
        if last {
            return;
        }
    }
}
