// Package purse is the issuer of offline purses: who may hold one, what has been issued, what has come back, and what becomes of a
// transfer of which only one side was heard.
//
// # Promise
//
// What was issued is at every moment in purses, in tills, in transit, in suspense, or redeemed; Verify adds it up. A signed
// VAL in the hand of either side is paid, once. What both sides gave up is refunded to the payer. What only the payer knows of
// waits in suspense until a date that stands beside it. Nobody has to do anything for that in the ordinary case: it follows
// from the records that both sides bring at their next sync.
//
//	load     customer ──> transit ──(the purse proves it took it)──> purse
//	                         └──(the purse signed that it gave it up)──> customer
//	payment  purse ──(the payee proves it)──> purse or till        till ──(batch closed)──> merchant
//	         purse ──(only the payer is heard)──> suspense ──> payee, or back to the payer's account
//	unload   purse ──> transit ──> customer
//
// # How evidence works
//
// Modules bring their chain of signed records (Sync). A record either continues the chain that is archived here or proves a fork: two
// records of one number, or two transfers of one sequence number, both signed by one key. Then the honest payees are paid, the module is
// blocked, and somebody decides whose loss it is (Settle). Evidence moves a transfer between places (place.go), each move one ledger
// entry in the transaction that stores the evidence.
//
// The issuer's own side of a load or unload is a module too, one for each purse (a desk): the same step.Step, its state in the database.
//
// Tables: purse_key, purse_module, purse_desk, purse_record, purse_transfer, purse_given, purse_case, purse_order, purse_act.
package purse
