// Package job is the queue of work that is to be done later, at least once, by whichever process is free.
//
// A task is added in the transaction that makes it necessary. Its handler runs outside any transaction, may be run again
// after a crash or an error, and must therefore be harmless when repeated. A task is leased while it runs; when it
// fails it comes again after a pause that doubles from one second to ten minutes.
//
// A task's due time is business time, which the sandbox can move, or real time; leases and pauses are always real.
//
// Table: job_task.
package job
