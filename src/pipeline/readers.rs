//! Threads that read pages, one a core and always the same ones.

use std::thread::available_parallelism;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::JoinError;

/// More at a time would only cost memory, and so would other threads each time: each keeps what the pages before have
/// left in its part of the allocator and in the processor's caches (`docs/ARCHITECTURE.md`, Measured).
pub struct Readers(Option<Runtime>);

impl Readers {
    /// # Panics
    /// Where the system gives no more threads.
    pub fn start() -> Readers {
        let cores = available_parallelism().map_or(2, usize::from);
        let runtime = Builder::new_multi_thread().worker_threads(cores).thread_name("reader").build();
        Readers(Some(runtime.expect("threads to read pages on")))
    }

    /// Waits for a thread and then for the work. An error: it panicked. Called from a runtime of one thread, the work is done
    /// on that: a test's clock stands still while a page is read.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let caller = Handle::current();
        let has_one_thread = caller.runtime_flavor() == RuntimeFlavor::CurrentThread;
        let own = self.0.as_ref().filter(|_| !has_one_thread);
        own.map_or(&caller, Runtime::handle).spawn(async move { work() }).await
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        // Dropped as it is, a runtime waits for its threads, which it may not on an async one.
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_few_threads_do_all_the_work_and_one_that_panics_goes_on() {
        let readers = Readers::start();
        let read = |number: u32| {
            readers.run(move || {
                std::thread::sleep(Duration::from_millis(2));
                assert_ne!(number % 10, 9);
                std::thread::current().id()
            })
        };
        // At the same time: any pool has few threads for work that comes one after the other.
        let outcomes = futures::future::join_all((0..50).map(read)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 5);
        let threads: HashSet<_> = outcomes.into_iter().flatten().collect();
        let cores = available_parallelism().map_or(2, usize::from);
        assert!((1..=cores).contains(&threads.len()), "{threads:?}");
        assert!(!threads.contains(&std::thread::current().id()));
    }
}
