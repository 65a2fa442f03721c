//! W3C Trace Context, as far as logs and spans need it.

/// A `traceparent` (W3C Trace Context §3.2), read.
#[derive(Debug, PartialEq)]
pub(super) struct Parent<'a> {
    /// 32 hex digits, not all zero.
    pub trace_id: &'a str,
    /// 16 hex digits, not all zero.
    pub span_id: &'a str,
    /// The caller may have recorded the trace.
    pub is_sampled: bool,
}

impl<'a> Parent<'a> {
    pub fn parse(traceparent: &'a str) -> Option<Parent<'a>> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace_id, span_id) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_zero = |text: &str| text.bytes().all(|b| b == b'0');
        // Version ff is forbidden; a later version may add parts behind.
        let is_valid = is_hex(version, 2) && version != "ff" && is_hex(trace_id, 32) && is_hex(span_id, 16);
        let flags = parts.next().and_then(|flags| u8::from_str_radix(flags.get(..2)?, 16).ok());
        let is_sampled = flags.is_some_and(|flags| flags & 1 == 1);
        (is_valid && !is_zero(trace_id) && !is_zero(span_id)).then_some(Parent {
            trace_id,
            span_id,
            is_sampled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Parent;

    #[test]
    fn only_a_well_formed_traceparent_is_one() {
        let (trace_id, span_id) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        for (flags, is_sampled) in [("01", true), ("00", false), ("03", true)] {
            let parent = Parent { trace_id, span_id, is_sampled };
            assert_eq!(Parent::parse(&format!("00-{trace_id}-{span_id}-{flags}")), Some(parent));
        }
        for bad in [
            "",
            "00-0af7-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            assert_eq!(Parent::parse(bad), None, "{bad:?}");
        }
    }
}
