package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"billfold/base/clock"
)

// measured is what every bench finds out about its run.
type measured struct {
	took     time.Duration
	fsyncs   int64
	bytes    int64 // by which the database grew
	verified bool
}

// measure lets a load run for a moment, and then for as long as it was asked; after that it closes the server and has the database
// verified by a new process.
func (w *world) measure(ctx context.Context, c *common, load func(time.Duration) error) (m measured, err error) {
	fail := func(err error) (measured, error) { return measured{}, errors.Join(err, w.close(ctx)) }
	if err := load(warmUp); err != nil {
		return fail(err)
	}
	fsyncs, err := w.DB.Fsyncs(ctx)
	if err != nil {
		return fail(err)
	}
	size, err := w.DB.Size(ctx)
	if err != nil {
		return fail(err)
	}
	watch := clock.Start()
	if err := load(c.duration); err != nil {
		return fail(err)
	}
	m.took = watch.Elapsed()
	if m.fsyncs, err = w.DB.Fsyncs(ctx); err != nil {
		return fail(err)
	}
	if m.bytes, err = w.DB.Size(ctx); err != nil {
		return fail(err)
	}
	m.fsyncs -= fsyncs
	m.bytes -= size
	if err := w.close(ctx); err != nil {
		return m, err
	}
	m.verified, err = w.verify(ctx, c)
	return m, err
}

// tell prints a result, as one object on one line or as a sentence, and fails where the books do not verify.
func (c *common) tell(result any, text string, verified bool) error {
	if c.json {
		line, err := json.Marshal(result)
		if err != nil {
			return err
		}
		text = string(line)
	}
	if _, err := fmt.Fprintln(c.out, text); err != nil {
		return err
	}
	if !verified {
		return errUnverified
	}
	return nil
}

// rate is how many there were in a second, with one decimal.
func rate(n int, d time.Duration) float64 { return float64(int(float64(n)/d.Seconds()*10)) / 10 }

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
