//! The bounded read of the body, once it is known that this gateway may process it (P2).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use policy::Door;
use vocab::{Refusal, RefusalCode};

use super::identify::Identified;
use crate::trail::Trail;

/// How much of a refused body is taken in and thrown away, in bytes, and for how long.
const DISCARD_SIZE_MAX: usize = 64 * 1024 * 1024;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long nothing may come before it is taken that nothing will.
const DISCARD_GAP_MAX: Duration = Duration::from_millis(500);

/// A request whose bytes are here.
pub(crate) struct Received {
    identified: Identified,
    body: Bytes,
}

impl Received {
    pub(super) fn into_parts(self) -> (Identified, Bytes) {
        (self.identified, self.body)
    }
}

pub(super) async fn receive<B>(
    trail: &mut Trail,
    identified: Identified,
    body: B,
) -> Result<Received, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin,
    B::Error: Send,
{
    // RES-1: not a byte of content is read on a gateway where it may not be processed.
    may_process(trail, &identified)?;
    let limits = &trail.gateway.limits;
    let declared = identified.headers().get(http::header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut body = body;
    let read = async {
        if declared.is_some_and(|size| size > limits.body_size_max) {
            return Err(too_large(limits.body_size_max));
        }
        read(&mut body, declared.unwrap_or(0), limits.body_size_max).await
    };
    let read = tokio::time::timeout(limits.body_time_max, read).await;
    match read {
        Ok(Ok(body)) => Ok(Received { identified, body }),
        Ok(Err(refusal)) => {
            // Who asks first has sent nothing, and reading would invite it.
            let asks_first = identified.headers().contains_key(http::header::EXPECT);
            if refusal.code == RefusalCode::BodyTooLarge && !asks_first {
                discard(body).await;
            }
            Err(refusal)
        }
        Err(_elapsed) => Err(Refusal::new(
            RefusalCode::BodyTooSlow,
            format!("the body did not arrive within {} s", limits.body_time_max.as_secs()),
            "send it faster; operators can raise `limits.body_time_max`",
        )),
    }
}

fn may_process(trail: &Trail, identified: &Identified) -> Result<(), Refusal> {
    let caller = identified.caller();
    let door = Door {
        gateway: &trail.gateway.region,
        tenant: &caller.tenant,
        workload: identified.workload(),
        origin: &caller.origin,
    };
    trail.serving.bundle.policy.may_process(&door, trail.at)
}

/// Takes in what a caller is still sending, within a bound. A connection that is closed with bytes
/// unread is reset, and the reset overtakes the answer: the caller would not learn why, and an SDK
/// would send it all again.
async fn discard<B>(mut body: B)
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let rest = async {
        let mut left = DISCARD_SIZE_MAX;
        while let Ok(Some(Ok(frame))) = tokio::time::timeout(DISCARD_GAP_MAX, body.frame()).await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Past the bound the caller has itself to blame.
    let _done = tokio::time::timeout(DISCARD_TIME_MAX, rest).await;
}

async fn read<B>(body: &mut B, size_hint: usize, size_max: usize) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut whole = Bytes::new();
    let mut joined: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(broken()) };
        let Ok(data) = frame.into_data() else { continue };
        let size = joined.as_ref().map_or(whole.len(), BytesMut::len);
        if size + data.len() > size_max {
            return Err(too_large(size_max));
        }
        match &mut joined {
            Some(joined) => joined.extend_from_slice(&data),
            None if whole.is_empty() => whole = data,
            None => {
                let mut first = BytesMut::with_capacity(size_hint.max(2 * whole.len()));
                first.extend_from_slice(&whole);
                first.extend_from_slice(&data);
                joined = Some(first);
            }
        }
    }
    Ok(joined.map_or(whole, BytesMut::freeze))
}

fn too_large(size_max: usize) -> Refusal {
    Refusal::new(
        RefusalCode::BodyTooLarge,
        format!("the body is larger than {size_max} bytes"),
        "send less, for example smaller images; operators can raise `limits.body_size_max`",
    )
}

fn broken() -> Refusal {
    Refusal::new(
        RefusalCode::MalformedRequest,
        "the body broke off before its end",
        "send the whole body",
    )
}
