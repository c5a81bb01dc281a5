package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A Browser is one running Chromium. It ends with the test.
type Browser struct{ ctx context.Context }

// Start runs a fresh Chromium with an empty profile.
func Start(t testing.TB) *Browser {
	t.Helper()
	program, err := find()
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
		// Nothing a walk needs lies outside this machine; without these Chromium asks the network for its own business.
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("disable-features", "Translate"),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox refuses to start under root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(quiet(t)))
	// Cancel closes the browser and waits until its profile, which chromedp made, is gone.
	t.Cleanup(func() { chromedp.Cancel(ctx) })
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &Browser{ctx}
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

// quiet logs what chromedp complains about, but for the events of a Chromium that is newer than its protocol types.
func quiet(t testing.TB) func(string, ...any) {
	log := t.Output()
	return func(format string, args ...any) {
		if !strings.Contains(format, "could not unmarshal event") && !strings.Contains(format, "unhandled node event") {
			fmt.Fprintf(log, format+"\n", args...)
		}
	}
}

func find() (string, error) {
	if program := os.Getenv("BILLFOLD_TEST_CHROMIUM"); program != "" {
		return program, nil
	}
	for _, name := range []string{
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
