//! The ways over real sockets: what is tested of the network is tested over both.

use std::sync::Arc;

use tenantry::http::{HttpSend, Options, ReqwestSend, Sender};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As clients go by default: plain http over connections of the crate's own.
    Direct,
    /// All by reqwest.
    Reqwest,
}

impl Way {
    pub fn sender(self) -> Arc<dyn HttpSend> {
        self.with(&Options::default())
    }

    pub fn with(self, options: &Options) -> Arc<dyn HttpSend> {
        match self {
            Self::Direct => Sender::new(options).unwrap(),
            Self::Reqwest => ReqwestSend::new(options).unwrap(),
        }
    }
}

/// Makes two tests of each function that takes a [`Way`]; with `multi_thread` before them, on two threads.
#[macro_export]
macro_rules! over_both {
    ([$($name:ident),* $(,)?]) => { $crate::over_both! { @ (#[tokio::test]) [$($name),*] } };
    (multi_thread [$($name:ident),* $(,)?]) => {
        $crate::over_both! { @ (#[tokio::test(flavor = "multi_thread", worker_threads = 2)]) [$($name),*] }
    };
    (@ $test:tt [$($name:ident),*]) => {
        mod direct {
            $( $crate::over_both!(@ $test $name Direct); )*
        }
        mod reqwest {
            $( $crate::over_both!(@ $test $name Reqwest); )*
        }
    };
    (@ ($($test:tt)*) $name:ident $way:ident) => {
        $($test)*
        async fn $name() {
            super::$name($crate::support::way::Way::$way).await;
        }
    };
}
