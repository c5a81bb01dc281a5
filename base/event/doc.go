// Package event is the outbox: news of what happened, written in the transaction that made it happen, and told after.
//
// Promises:
//
//   - An event exists if and only if what it tells of was committed.
//   - Events are numbered after they are committed, by one sequencer at a time: a number taken inside a transaction
//     that commits late would be passed over by readers who had already gone on. Numbers have no gaps; events of one
//     object are numbered in the order of their sequence.
//   - A subscriber's handler runs inside the transaction that advances its cursor, so its effect happens once, however
//     often the process dies; it sees events in the order of their numbers.
//   - Events hold ids, amounts and masked names, never a personal field.
//
// Tables: event_record (the events), event_pending (committed, not yet numbered), event_batch (numbers: a packed list of
// ids a batch), event_owner (who may read which number), event_cursor (the sequencer's next number, each subscriber's last).
package event
