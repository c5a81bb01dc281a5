package db

import (
	"context"
	"errors"
	"time"
)

// Facts are what a server or a file says about itself, for whoever wants to know whether money may lie there.
type Facts struct {
	Version  string
	Settings map[string]string // by PostgreSQL's names; journal_mode of SQLite

	// PostgreSQL only.
	Recovering    bool      // a replica, which takes no writes
	Now           time.Time // by its clock
	Archived      time.Time // the last segment of its log that was archived; zero = none
	ArchiveFailed time.Time
	Encrypted     bool
	Client        string // our address as it sees it; "" over a socket
	Superuser     bool   // we are
}

// Facts asks the database about itself.
func (d *DB) Facts(ctx context.Context) (Facts, error) {
	f := Facts{Settings: map[string]string{}}
	err := d.Read(ctx, func(tx *Tx) error {
		if d.engine == SQLite {
			var mode string
			err := errors.Join(tx.Row(liteVersion).Scan(&f.Version), tx.Row(liteJournal).Scan(&mode))
			f.Settings["journal_mode"] = mode
			return err
		}
		_, err := All(tx, func(r Row) (struct{}, error) {
			var name, value string
			err := r.Scan(&name, &value)
			f.Settings[name] = value
			return struct{}{}, err
		}, postgresSettings)
		if err != nil {
			return err
		}
		f.Version = f.Settings["server_version"]
		var now, archived, failed int64
		if err := tx.Row(postgresFacts).Scan(&f.Recovering, &now, &archived, &failed, &f.Encrypted, &f.Client, &f.Superuser); err != nil {
			return err
		}
		for to, micros := range map[*time.Time]int64{&f.Now: now, &f.Archived: archived, &f.ArchiveFailed: failed} {
			if micros > 0 {
				*to = time.UnixMicro(micros).UTC()
			}
		}
		return nil
	})
	return f, err
}
