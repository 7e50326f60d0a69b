//! The bounded read of the body, once it is known that this gateway may process it (P2).

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use policy::Door;
use vocab::{Refusal, RefusalCode};

use super::identify::Identified;
use crate::trail::Trail;

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
    if declared.is_some_and(|size| size > limits.body_size_max) {
        return Err(too_large(limits.body_size_max));
    }
    let read = read(body, declared.unwrap_or(0), limits.body_size_max);
    match tokio::time::timeout(limits.body_time_max, read).await {
        Ok(body) => Ok(Received { identified, body: body? }),
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
    trail.serving.bundle.policy.may_process(&door, trail.now())
}

async fn read<B>(mut body: B, size_hint: usize, size_max: usize) -> Result<Bytes, Refusal>
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
