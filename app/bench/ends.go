package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"

	"billfold/edge/web"
)

// What open pages cost their server is seen only where the other ends of their connections are somebody else's: a process of its own
// holds them. It is told an address, how many pages there are, and the cookies of each, line by line; it says "open" when all are open,
// and from then on the number of each page that has news.

// readersEnd is the process that holds the readers' ends.
type readersEnd struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	said *bufio.Scanner
}

// openApart opens a page for each of these cookies in a process of its own, and returns when all are open.
func (w *world) openApart(ctx context.Context, cookies []string, diag io.Writer) (*readersEnd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	e := &readersEnd{cmd: exec.CommandContext(ctx, self, "bench", endsName)}
	e.cmd.Stderr = diag
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	e.said = bufio.NewScanner(out)
	tell := bufio.NewWriter(e.in)
	fmt.Fprintln(tell, w.base)
	fmt.Fprintln(tell, len(cookies))
	for _, one := range cookies {
		fmt.Fprintln(tell, one)
	}
	if err := tell.Flush(); err != nil || !e.said.Scan() || e.said.Text() != "open" {
		return nil, errors.Join(err, errors.New("the pages did not open"), e.close())
	}
	return e, nil
}

// follow calls heard with the number of each page that has news, until the pages are closed.
func (e *readersEnd) follow(heard func(page int)) {
	for e.said.Scan() {
		if page, err := strconv.Atoi(e.said.Text()); err == nil {
			heard(page)
		}
	}
}

// close closes the pages.
func (e *readersEnd) close() error { return errors.Join(e.in.Close(), e.cmd.Wait()) }

const endsName = "live-ends"

// ends is the other process. It ends when nobody writes to it any more.
func ends(ctx context.Context, _ []string, out, _ io.Writer) error {
	in := bufio.NewScanner(os.Stdin)
	line := func() string { in.Scan(); return in.Text() }
	w := &world{base: line()}
	pages, err := strconv.Atoi(line())
	if err != nil {
		return err
	}
	cookies := make([]string, pages)
	for i := range cookies {
		cookies[i] = line()
	}
	var telling sync.Mutex
	tell := func(words string) {
		telling.Lock()
		defer telling.Unlock()
		fmt.Fprintln(out, words)
	}
	errs := make([]error, min(pages, 16))
	var next atomic.Int64
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() {
			for i := int(next.Add(1) - 1); i < pages && errs[n] == nil; i = int(next.Add(1) - 1) {
				errs[n] = w.sit(ctx, cookies[i], func() { tell(strconv.Itoa(i)) })
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	tell("open")
	in.Scan() // until there is nobody to read for
	return nil
}

// sit opens somebody's page and listens.
func (w *world) sit(ctx context.Context, cookies string, heard func()) error {
	page := w.visitor(cookies)
	if _, err := page.get(ctx, "/home"); err != nil { // the page that then listens
		return err
	}
	news, err := page.hear(ctx, web.LivePath)
	if err != nil {
		return err
	}
	go func() {
		for range news {
			heard()
		}
	}()
	return nil
}
