//! A backend that asks for the URL that stands in a volume's name, and tells as its error what it
//! was answered and which secrets it was given. What it may reach is for the host to decide: it
//! asks for anything, and `forever` asks again as long as it is let.

use std::borrow::Cow;

use mooring_sdk::attachments::{self, Answer, Attachment, Content, PoolItem};
use mooring_sdk::identity::Description;
use mooring_sdk::types::Volume;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict};
use mooring_sdk::{Attachments, Error, Identity, Result, Secrets, Volumes};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, IncomingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

mooring_sdk::backend!(Requester: volumes, attachments);

#[derive(Default)]
struct Requester;

/// Status and body of the answer, redirects not followed.
fn get(url: &str) -> std::result::Result<(u16, String), ErrorCode> {
    let (scheme, rest) = url.split_once("://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let headers = Fields::new();
    let _ = headers.append("authorization", b"the guest's own");
    let request = OutgoingRequest::new(headers);
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let invalid = |()| ErrorCode::HttpRequestUriInvalid;
    request.set_scheme(Some(&scheme)).map_err(invalid)?;
    request.set_authority(Some(authority)).map_err(invalid)?;
    request.set_path_with_query(Some(path)).map_err(invalid)?;
    let pending = outgoing_handler::handle(request, None)?;
    pending.subscribe().block();
    let broken = || ErrorCode::InternalError(None);
    let answer = pending.get().ok_or_else(broken)?.map_err(|()| broken())??;
    let body = answer.consume().map_err(|()| broken())?;
    Ok((answer.status(), read(&body)?))
}

fn read(body: &IncomingBody) -> std::result::Result<String, ErrorCode> {
    let stream = body.stream().map_err(|()| ErrorCode::InternalError(None))?;
    let (mut text, mut size) = (Vec::new(), 0);
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => {
                size += bytes.len();
                // Enough to tell; an endless answer is not to fill the memory.
                text.extend(bytes.into_iter().take(100_usize.saturating_sub(text.len())));
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                // The runtime has no code for what befell a body, but words.
                let said = format!("{} after {size}", error.to_debug_string());
                return Err(ErrorCode::InternalError(Some(said)));
            }
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

impl Identity for Requester {
    fn info(&self) -> Description {
        Description {
            name: "requester".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: vec![],
            accessibility_constraints: false,
            online_expansion: false,
        }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed("{}")
    }
}

impl Volumes for Requester {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        let url = request.name.strip_prefix("forever ").unwrap_or(&request.name);
        let mut answer = get(url);
        while request.name.starts_with("forever ") {
            answer = get(url);
        }
        let mut given = vec!["username", "password", "pool"];
        given.retain(|name| request.secrets.get(name).is_some());
        Err(Error::unknown(format!("{answer:?} {given:?}")))
    }

    fn delete(&self, _: &str, _: &Secrets) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _: &ValidateRequest) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}

impl Attachments for Requester {
    fn describe(&self, request: &attachments::Request) -> Result<Answer> {
        let item = PoolItem { pool: "default".to_owned(), name: request.volume_id.clone() };
        Ok(Answer {
            attachment: Attachment::Directory(item),
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}
