package outside

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"billfold/test/browser"
)

// TestLighthouse has Lighthouse judge the pages that everybody sees: 100 of 100 for accessibility and for best practices. It is told
// what to do about each audit that is missed. In `make long` only (BILLFOLD_LONG=1): it is 185 MB of packages and a browser each time.
func TestLighthouse(t *testing.T) {
	if os.Getenv("BILLFOLD_LONG") == "" {
		return
	}
	program, err := browser.Program()
	if err != nil {
		t.Fatal(err)
	}
	at, dir := open(t), packages(t, "lighthouse")
	for _, path := range []string{"/", "/signin", "/signup", "/offline"} {
		out := filepath.Join(t.TempDir(), "report.json")
		Run(t, dir, []string{"CHROME_PATH=" + program}, "node_modules/.bin/lighthouse", at.url+path, "--quiet", "--output=json",
			"--output-path="+out, "--only-categories=accessibility,best-practices",
			"--chrome-flags=--headless --no-sandbox --disable-dev-shm-usage")
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			Categories map[string]struct{ Score *float64 }
			Audits     map[string]struct {
				Title string
				Score *float64
			}
		}
		if err := json.Unmarshal(raw, &report); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"accessibility", "best-practices"} {
			if score := report.Categories[name].Score; score == nil || *score != 1 {
				t.Errorf("%s: %s is not 100", path, name)
			}
		}
		for name, audit := range report.Audits {
			if audit.Score != nil && *audit.Score < 1 {
				t.Errorf("%s: %s: %s", path, name, audit.Title)
			}
		}
	}
}
