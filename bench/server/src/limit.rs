//! The bare reader: what nobody who does the same can be faster than.
//!
//! ```text
//! limit ADDRESS TARGET CONNECTIONS REQUESTS   reads replies and looks at nothing but their length
//! limit saml FOLDER TIMES                     parses a response, hashes what is signed, checks the signature
//! ```
//!
//! `{}` in TARGET is 0, 1000, 2000, …, 19000 in turn. Prints one line of JSON.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["saml", folder, times] => saml(folder, times.parse()?),
        [address, target, "1", requests] => one_by_one(address, target, requests.parse()?),
        [address, target, connections, requests] => many(address, target, connections.parse()?, requests.parse()?),
        _ => Err("usage: limit ADDRESS TARGET CONNECTIONS REQUESTS | limit saml FOLDER TIMES".into()),
    }
}

fn request(address: &str, target: &str, number: usize) -> Vec<u8> {
    let target = target.replace("{}", &(number % 20 * 1000).to_string());
    format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip\r\n\r\n").into_bytes()
}

/// The length of a whole reply, read off its head.
fn length(reply: &[u8]) -> Option<usize> {
    let end = reply.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&reply[..end]).ok()?;
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length: "))?;
    Some(end + length.parse::<usize>().ok()?)
}

fn one_by_one(address: &str, target: &str, requests: usize) -> Result<(), Failure> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 1 << 20];
    let mut run = Run::new();
    for number in 0..requests {
        let text = request(address, target, number);
        let start = Instant::now();
        socket.write_all(&text)?;
        let mut have = socket.read(&mut buffer)?;
        let want = length(&buffer[..have]).ok_or("a reply without a length")?;
        while have < want {
            have += socket.read(&mut buffer)?;
        }
        run.add(have, start.elapsed());
    }
    run.print();
    Ok(())
}

fn many(address: &str, target: &str, connections: usize, requests: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut run = Run::new();
    runtime.block_on(async {
        let text = request(address, target, 0);
        let all = (0..connections)
            .map(|_| tokio::spawn(connection(address.to_owned(), text.clone(), requests / connections)));
        for connection in all.collect::<Vec<_>>() {
            for (bytes, time) in connection.await?? {
                run.add(bytes, time);
            }
        }
        Ok::<_, Failure>(())
    })?;
    run.print();
    Ok(())
}

async fn connection(address: String, request: Vec<u8>, requests: usize) -> std::io::Result<Vec<(usize, Duration)>> {
    let mut socket = tokio::net::TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (mut buffer, mut replies) = (vec![0; 64 << 10], Vec::with_capacity(requests));
    for _ in 0..requests {
        let start = Instant::now();
        socket.write_all(&request).await?;
        let mut have = socket.read(&mut buffer).await?;
        let want = length(&buffer[..have]).ok_or(std::io::ErrorKind::InvalidData)?;
        while have < want {
            have += socket.read(&mut buffer).await?;
        }
        replies.push((have, start.elapsed()));
    }
    Ok(replies)
}

fn saml(folder: &str, times: usize) -> Result<(), Failure> {
    let read = |name: &str| std::fs::read(format!("{folder}/{name}"));
    let (response, key, info, signature) =
        (read("response.b64")?, read("key.der")?, read("info.bin")?, read("signature.bin")?);
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, key);
    let mut run = Run::new();
    for _ in 0..times {
        let start = Instant::now();
        let xml = base64::engine::general_purpose::STANDARD.decode(&response)?;
        let document = uppsala::parse(std::str::from_utf8(&xml)?)?;
        std::hint::black_box(&document);
        std::hint::black_box(ring::digest::digest(&ring::digest::SHA256, &xml));
        key.verify(&info, &signature).map_err(|_| "the signature does not fit")?;
        run.add(xml.len(), start.elapsed());
    }
    run.print();
    Ok(())
}

struct Run {
    start: Instant,
    bytes: usize,
    times: Vec<Duration>,
}

impl Run {
    fn new() -> Self {
        Self { start: Instant::now(), bytes: 0, times: Vec::new() }
    }

    fn add(&mut self, bytes: usize, time: Duration) {
        self.bytes += bytes;
        self.times.push(time);
    }

    fn print(mut self) {
        let wall = self.start.elapsed().as_secs_f64();
        self.times.sort_unstable();
        let p50 = self.times[self.times.len() / 2].as_secs_f64() * 1e6;
        // One thread: Linux counts its nanoseconds.
        let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
        let cpu = stat.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
        let (n, bytes) = (self.times.len(), self.bytes);
        println!(r#"{{"n":{n},"bytes":{bytes},"wall":{wall},"cpu":{cpu},"p50_us":{p50}}}"#);
    }
}
