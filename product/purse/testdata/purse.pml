/*
 * The purse, written by hand from its specification (docs/purse.md) and not from the program: two purses, any interleaving of
 * starts, loss, repetition, giving up, reading of exception logs, archive and clear.
 *
 * Each purse has at most STARTS sequence numbers. A transfer is named by (payer, payer's number, payee, payee's number), of value 1.
 * The ether is the set of all messages ever sent: delivering one does not remove it, so it can come again; nobody has to deliver it.
 * A start believes whatever sequence number a HELLO claims, for nobody signs a HELLO.
 *
 * Check with: spin -a purse.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan
 * -DWRONG=n makes the n-th mistake; the check has to fail then, and does, in the test beside this file.
 */
#ifndef STARTS
#define STARTS 2
#endif
#ifndef WRONG
#define WRONG 0
#endif

#define N       2
#define FUNDS   2

#define IDLE 0
#define EPV  1
#define EPA  2

/* A transfer's index: payer p (the payee is the other), payer's number s, payee's number r, both from 0. */
#define T(p, s, r)  (((p) * STARTS + (s)) * STARTS + (r))
#define ALL         (N * STARTS * STARTS)

byte status[N];          /* IDLE, EPV, EPA */
byte open[N];            /* index of the open transfer */
byte next[N];            /* next sequence number */
byte balance[N];
bool req[ALL];           /* the ether */
bool val[ALL];
bool ack[ALL];
bool logP[ALL];          /* given up by the payer, in its log */
bool logQ[ALL];          /* given up by the payee, in its log */
bool arcP[ALL];          /* in the archive */
bool arcQ[ALL];
bool everP[ALL];         /* was ever given up: what a clear must not lose */
bool everQ[ALL];

/* counters that the success paths were reached, read by the test through the end states */
bool sawPaid, sawLost, sawCleared;

inline giveUp(p) {
	if
	:: status[p] == EPV && WRONG != 1 -> logQ[open[p]] = true; everQ[open[p]] = true
	:: status[p] == EPA && WRONG != 2 -> logP[open[p]] = true; everP[open[p]] = true
	:: else -> skip
	fi;
	status[p] = IDLE;
	open[p] = 0
}

/* lost(t): the payer has paid and does not know that it arrived, and the payee waits or has given up */
#define gone(t, p)   ((status[p] == EPA && open[p] == (t)) || logP[t] || arcP[t])
#define waits(t, q)  ((status[q] == EPV && open[q] == (t)) || logQ[t] || arcQ[t])

byte held, lost, i, s, r, p, q;

/* all value is accounted for: checked after every step */
inline check() {
	held = balance[0] + balance[1];
	lost = 0;
	for (i : 0 .. ALL - 1) {
		p = i / (STARTS * STARTS);
		q = 1 - p;
		s = (i / STARTS) % STARTS;
		r = i % STARTS;
		if
		:: gone(i, p) && waits(i, q) -> lost++
		:: else -> skip
		fi;
		assert(!req[i] || r < next[q]);                             /* B2 */
		assert(!val[i] || (s < next[p] && r < next[q]));            /* B3 */
		assert(!ack[i] || (s < next[p] && r < next[q]));            /* B4 */
		assert(!logP[i] || s < next[p]);                            /* B5 */
		assert(!logQ[i] || r < next[q]);                            /* B6 */
		assert(!req[i] || s < next[p] || (!val[i] && !ack[i]));     /* B9 */
		assert(!req[i] || (waits(i, q) != ack[i]));                 /* B10 */
		assert(!(val[i] && status[q] == EPV && open[q] == i) || gone(i, p)); /* B11 */
		assert(!gone(i, p) || req[i]);                              /* B12 */
		assert(!(everP[i] && !logP[i]) || arcP[i]);                 /* B15 */
		assert(!(everQ[i] && !logQ[i]) || arcQ[i]);                 /* B15 */
		assert(!logQ[i] || req[i]);                                 /* B16 */
	}
	assert(held <= N * FUNDS);
	assert(held + lost == N * FUNDS);
	if
	:: lost > 0 -> sawLost = true
	:: else -> skip
	fi;
	held = 0; lost = 0; i = 0; s = 0; r = 0; p = 0; q = 0
}

byte me, other, t, n;

active proctype world() {
	atomic {
		balance[0] = FUNDS; balance[1] = FUNDS;
	}
	do
	:: atomic { /* start as payee of the other, at whatever number of the payer's */
		select (me : 0 .. 1);
		select (n : 0 .. STARTS - 1);
		if
		:: next[me] < STARTS ->
			giveUp(me);
			t = T(1 - me, n, next[me]);
			if :: WRONG == 3 -> skip :: else -> next[me]++ fi;
			status[me] = EPV; open[me] = t;
			req[t] = true
		:: else -> skip
		fi;
		me = 0; n = 0; t = 0;
		check()
	   }
	:: atomic { /* a REQ arrives at its payer; the holder agrees to everything */
		select (t : 0 .. ALL - 1);
		me = t / (STARTS * STARTS);
		if
		:: req[t] && status[me] == EPA && open[me] == t -> skip /* the same VAL again: it is in the ether */
		:: req[t] && !(status[me] == EPA && open[me] == t) && next[me] < STARTS && balance[me] > 0 &&
		   ((t / STARTS) % STARTS == next[me] || WRONG == 4) ->
			giveUp(me);
			next[me]++;
			balance[me]--;
			status[me] = EPA; open[me] = t;
			val[t] = true
		:: else -> skip
		fi;
		me = 0; t = 0;
		check()
	   }
	:: atomic { /* a VAL arrives at its payee */
		select (t : 0 .. ALL - 1);
		other = 1 - t / (STARTS * STARTS);
		if
		:: val[t] && ((status[other] == EPV && (open[other] == t || WRONG == 5)) || WRONG == 6) ->
			balance[other]++;
			status[other] = IDLE; open[other] = 0;
			ack[t] = true
		:: else -> skip
		fi;
		other = 0; t = 0;
		check()
	   }
	:: atomic { /* an ACK arrives at its payer */
		select (t : 0 .. ALL - 1);
		me = t / (STARTS * STARTS);
		if
		:: ack[t] && status[me] == EPA && (open[me] == t || WRONG == 7) ->
			status[me] = IDLE; open[me] = 0;
			sawPaid = true
		:: else -> skip
		fi;
		me = 0; t = 0;
		check()
	   }
	:: atomic { /* somebody gives up */
		select (me : 0 .. 1);
		giveUp(me);
		me = 0;
		check()
	   }
	:: atomic { /* the archive takes what a log says */
		select (t : 0 .. ALL - 1);
		if
		:: logP[t] -> arcP[t] = true
		:: logQ[t] -> arcQ[t] = true
		:: else -> skip
		fi;
		t = 0;
		check()
	   }
	:: atomic { /* a purse is idle, everything in its log is archived, and the clear names exactly that */
		select (me : 0 .. 1);
		n = 1;
		for (t : 0 .. ALL - 1) {
			other = t / (STARTS * STARTS);
			if
			:: other == me && logP[t] && !arcP[t] && WRONG != 8 -> n = 0
			:: other != me && logQ[t] && !arcQ[t] && WRONG != 8 -> n = 0
			:: else -> skip
			fi
		}
		if
		:: status[me] == IDLE && n == 1 ->
			for (t : 0 .. ALL - 1) {
				other = t / (STARTS * STARTS);
				if
				:: other == me && logP[t] -> logP[t] = false; sawCleared = true
				:: other != me && logQ[t] -> logQ[t] = false; sawCleared = true
				:: else -> skip
				fi
			}
		:: else -> skip
		fi;
		me = 0; other = 0; t = 0; n = 0;
		check()
	   }
	od
}

#ifdef REACHED
/* Checked the other way round: spin has to find a way to break each of these, or the success paths are not reached. */
ltl neverPaid    { [] !sawPaid }
ltl neverLost    { [] !sawLost }
ltl neverCleared { [] !sawCleared }
#endif
