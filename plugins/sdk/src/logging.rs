//! Log lines. The host stamps them with the driver and the call, escapes and rate-limits them.
//! Never log a secret: the host cannot tell one from other text.

use alloc::string::ToString;

use core::fmt;

pub use crate::bindings::host::logging::Level;

/// Writes one line; the macros [`error!`](crate::error!), [`warn!`](crate::warn!),
/// [`info!`](crate::info!), [`debug!`](crate::debug!) and [`trace!`](crate::trace!) call it.
/// Outside of a component, in unit tests, it goes to standard error.
pub fn log(level: Level, message: fmt::Arguments<'_>) {
    let text = match message.as_str() {
        Some(text) => text.into(),
        None => alloc::borrow::Cow::<str>::Owned(message.to_string()),
    };
    #[cfg(target_family = "wasm")]
    crate::bindings::host::logging::log(level, &text);
    #[cfg(not(target_family = "wasm"))]
    eprintln!("{level:?}: {text}");
}

macro_rules! levels {
    ($d:tt $($(#[$doc:meta])* $name:ident => $level:ident),* $(,)?) => {
        $($(#[$doc])*
        #[macro_export]
        macro_rules! $name {
            ($d($d arg:tt)*) => {
                $crate::logging::log($crate::logging::Level::$level, ::core::format_args!($d($d arg)*))
            };
        })*
    };
}

levels! { $
    /// Logs what went wrong and needs a person.
    error => Error,
    /// Logs what is odd, and went on.
    warn => Warn,
    /// Logs what happened.
    info => Info,
    /// Logs what helps to find a fault.
    debug => Debug,
    /// Logs every step.
    trace => Trace,
}
