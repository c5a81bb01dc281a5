package payment

import (
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/seal"
	"billfold/core/notice"
)

func notices(d *db.DB, keys *seal.Keyring, ids *id.Minter, business, real clock.Clock) *notice.Service {
	return &notice.Service{}
}

// inboxes checks that each side of n purchases has one notice of each.
func (w *world) inboxes(n int) {}
