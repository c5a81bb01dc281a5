// Package purse is the offline purse as a command: a folder is a purse or a till, and two terminals pay each other with no server
// running, over TCP or by text that people carry.
//
// Promises: what one side sends is on its disk first (only store.Sealed leaves, by type); nobody pays without saying yes to
// payee and amount; a folder is used by one process at a time; what is interrupted is resumed with --resume, or given up and
// refunded at the next sync.
//
// The issuer is reached by opening an installation's data folder, on the machine where it lies and while its server is
// stopped; a till's file reaches it by any carrier.
package purse
