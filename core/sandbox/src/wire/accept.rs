//! Accepts connections until it is told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answer::answer;
use super::plan::SharedPlan;
use super::stream::SpoiltStream;
use crate::server::Server;

/// Serves until `stop` changes; the connections end with the runtime.
pub(crate) async fn serve(listener: std::net::TcpListener, server: Arc<Server>, mut stop: watch::Receiver<bool>) {
    // A listener that no event loop takes is one that nobody can connect to: the clients report it.
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(tokio::spawn(connection(socket, server.clone()))),
                // Out of descriptors, most likely: the connections that end give some back.
                Err(error) if error.kind() != io::ErrorKind::ConnectionAborted => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(_) => {}
            },
            _ = stop.changed() => return,
        }
    }
}

async fn connection(socket: TcpStream, server: Arc<Server>) {
    // Small replies go out at once; where the option cannot be set they go out a little later.
    let _ = socket.set_nodelay(true);
    let plan = SharedPlan::default();
    let stream = SpoiltStream::new(socket, plan.clone(), server.clock.clone());
    let service = service_fn(move |request| answer(server.clone(), plan.clone(), request));
    // An error here is a client that left, bytes that are no HTTP, or a cut of ours: nobody is left to be told.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
