package money

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/money.md lists the currencies whose decimals are not two; whoever changes the table changes the page.
func TestThePageListsTheDecimals(t *testing.T) {
	page, err := os.ReadFile("../../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	for scale, codes := range isoCodes {
		row := fmt.Sprintf("| %d | %s |\n", scale, strings.Join(strings.Fields(codes), " "))
		if scale != 2 && !strings.Contains(string(page), row) {
			t.Errorf("docs/money.md has no row %q", row)
		}
	}
}
