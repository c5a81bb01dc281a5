package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A Browser is one running Chromium.
type Browser struct{ ctx context.Context }

// running is the Chromium of this process. Starting one takes longer than many a walk, and each window has a profile of its own.
var running struct {
	sync.Mutex
	*Browser
	stop func()
}

// Start gives the Chromium of this process, which the first who asks starts. Stop ends it.
func Start(t testing.TB) *Browser {
	t.Helper()
	running.Lock()
	defer running.Unlock()
	if running.Browser == nil {
		b, stop, err := start()
		if err != nil {
			t.Fatal(err)
		}
		running.Browser, running.stop = b, stop
	}
	return running.Browser
}

// StartWith runs a Chromium of its own with more options, for a walk that needs another one than everybody's. It ends with the test.
func StartWith(t testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	b, stop, err := start(more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return b
}

// Stop closes the Chromium of this process, if there is one, and waits until its profile is gone.
func Stop() {
	running.Lock()
	defer running.Unlock()
	if running.Browser != nil {
		running.stop()
		running.Browser = nil
	}
}

func start(more ...chromedp.ExecAllocatorOption) (*Browser, func(), error) {
	program, err := Program()
	if err != nil {
		return nil, nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(time.Minute), // a busy machine
		// Nothing a walk needs lies outside this machine; without these Chromium asks the network for its own business.
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-prefers-reduced-motion", true),
		// A page that is kept for going back comes alive without an event that the protocol could wait for.
		chromedp.Flag("disable-features", "Translate,BackForwardCache"),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox refuses to start under root
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithErrorf(quiet))
	stop := func() {
		// Cancel closes the browser and waits until its profile, which chromedp made, is gone.
		_ = chromedp.Cancel(ctx) // it is ending either way
		cancel()
	}
	if err := chromedp.Run(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start %s: %w", program, err)
	}
	return &Browser{ctx}, stop, nil
}

// window opens a window with a profile of its own: a tab, which is what chromedp would open, has no place in a profile that
// has no window yet.
func (b *Browser) window(t testing.TB) target.ID {
	t.Helper()
	ctx := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	profile, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
	if err != nil {
		t.Fatalf("open a profile: %v", err)
	}
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(ctx)
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	return id
}

// quiet says what chromedp complains about, but for the events of a Chromium that is newer than its protocol types.
func quiet(format string, args ...any) {
	if !strings.Contains(format, "could not unmarshal event") && !strings.Contains(format, "unhandled node event") {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// Program is the browser on this machine, for those who start it in their own way.
func Program() (string, error) {
	if program := os.Getenv("BILLFOLD_TEST_CHROMIUM"); program != "" {
		return program, nil
	}
	for _, name := range []string{
		"chromium-headless-shell", "chrome-headless-shell", // the same without windows: a third less work a page
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
	} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errors.New("no Chromium found: run `make test`, which installs it with apt-get, " +
		"or install it (apt-get install chromium), or set BILLFOLD_TEST_CHROMIUM")
}
