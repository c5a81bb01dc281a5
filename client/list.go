package client

import (
	"iter"
	"time"
)

// List is a page of a list, newest first unless its operation says otherwise.
type List[T any] struct {
	Object     string `json:"object" enum:"list" doc:"Always \"list\"."`
	Data       []T    `json:"data" doc:"The page."`
	HasMore    bool   `json:"has_more" doc:"Whether there is another page; a page may be short or empty and still have one."`
	NextCursor string `json:"next_cursor,omitzero" doc:"Send it as cursor to get the next page."`
	URL        string `json:"url" doc:"The path of the list."`
}

// All walks every item of a list, page after page: All(func(cursor string) (List[Payment], error) { … }). It ends with the first error.
func All[T any](page func(cursor string) (List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			list, err := page(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range list.Data {
				if !yield(item, nil) {
					return
				}
			}
			if cursor = list.NextCursor; !list.HasMore || cursor == "" {
				return
			}
		}
	}
}

// Page says which part of a list to read. Owner is for operators: whose list; theirs when empty.
type Page struct {
	Cursor string
	Limit  int // 1 to 100; 0 is 25
	Owner  string
}

// PaymentFilter narrows payments and activity; zero fields let everything through.
type PaymentFilter struct {
	Page
	Kind      string
	State     string
	Direction string // in or out
	Currency  string
	Reference string
	Since     time.Time // created_at[gte]
	Expand    []string  // payer, payee
}

// EventFilter narrows events.
type EventFilter struct {
	Page
	Type string
}

// EntryFilter narrows ledger entries.
type EntryFilter struct {
	Page
	Account   string
	Reference string
	Kind      string
}

// Identity is what the key of a request stands for.
type Identity struct {
	Object string   `json:"object" enum:"identity" doc:"Always \"identity\"."`
	Key    KeyFacts `json:"key" doc:"The key of this request."`
	Owner  string   `json:"owner" form:"owner" doc:"Whom it acts for."`
	Name   string   `json:"name" doc:"Masked for persons, registered for shops."`
	Mode   string   `json:"mode" enum:"test|live" doc:"Sandbox or live; it belongs to the installation."`
}

// KeyFacts is an API key without its secret.
type KeyFacts struct {
	ID        string    `json:"id" form:"key" doc:"The key's id."`
	Kind      string    `json:"kind" enum:"secret|restricted|payer|operator" doc:"Secret: a shop's server. Restricted: the same with some scopes only. Payer: a person's token."`
	Label     string    `json:"label" doc:"What its owner calls it."`
	Hint      string    `json:"hint" doc:"Prefix and last characters."`
	CreatedAt time.Time `json:"created_at" doc:"When it was made."`
}

// TestClock is the sandbox's business clock.
type TestClock struct {
	Object string    `json:"object" enum:"test_clock" doc:"Always \"test_clock\"."`
	Now    time.Time `json:"now" doc:"Business time now."`
}

// AdvanceClock moves the sandbox's clock forward, by a duration or to a moment.
type AdvanceClock struct {
	By string    `json:"by,omitzero" form:"span" doc:"A number and s, m, h or d: \"36h\", \"3d\"."`
	To time.Time `json:"to,omitzero" doc:"A moment that is not in the past of the business clock."`
}
