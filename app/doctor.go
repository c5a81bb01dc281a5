package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/core/ledger"
	"billfold/edge/web"
)

// Grade is what a check comes to.
type Grade string

// The grades. What is Bad keeps a server from starting, or loses money, keys or mails; what is Fair may be as it is for a reason.
const (
	Fine Grade = "ok"
	Fair Grade = "warn"
	Bad  Grade = "fail"
)

// Check is one thing that was looked at. Neither text ever holds a secret.
type Check struct {
	Name  string // of what: "database"
	Grade Grade
	Says  lang.Text
	Mend  lang.Text // the command or setting that mends it; empty where there is nothing to mend
}

// doctor looks at everything that real use needs.
type doctor struct {
	c      Config
	a      *App
	facts  Installation
	tag    string
	checks []Check
}

// Doctor looks at what is missing or wrong for real use with this configuration: it changes nothing, and runs beside a server or without
// one. Every line stands for itself; a database that is away leaves out those that need it.
func Doctor(ctx context.Context, c Config) []Check {
	c = c.withDefaults()
	if c.Mode == "" {
		c.Mode = Live
	}
	d := &doctor{c: c, a: &App{Config: c, Real: c.Ground.clock()}}
	defer d.a.release()
	if err := c.check(); err != nil {
		d.bad("settings", text("%s", "%s").Fill(err.Error()), lang.Text{})
	}
	d.folder()
	d.disk()
	if d.database(ctx) {
		d.schema(ctx)
		d.keyring(ctx)
		d.storage(ctx)
		d.books(ctx)
	}
	d.backups(ctx)
	d.clock(ctx)
	d.port(ctx)
	d.address(ctx)
	d.certificate()
	d.mail(ctx)
	d.limits()
	return d.checks
}

// examine is Doctor for the operator's page.
func (a *App) examine(ctx context.Context) (list []web.Check) {
	for _, one := range Doctor(ctx, a.Config) {
		list = append(list, web.Check{Name: one.Name, Grade: string(one.Grade), Says: one.Says, Mend: one.Mend})
	}
	return list
}

func (d *doctor) say(name string, g Grade, says, mend lang.Text) {
	d.checks = append(d.checks, Check{name, g, says, mend})
}

func (d *doctor) fine(name string, says lang.Text)       { d.say(name, Fine, says, lang.Text{}) }
func (d *doctor) fair(name string, says, mend lang.Text) { d.say(name, Fair, says, mend) }
func (d *doctor) bad(name string, says, mend lang.Text)  { d.say(name, Bad, says, mend) }

// fault says what a refusal of ours says; of anything else only its class is told, for it may hold what others wrote.
func (d *doctor) fault(name string, err error) {
	if f, ok := fault.As(err); ok {
		d.bad(name, f.Title, f.Detail)
		return
	}
	d.bad(name, text("It cannot be looked at: %s.", "无法检查：%s。").Fill(err.Error()), lang.Text{})
}

// database opens the database as verify does, and asks it what it promises. It says whether there is an installation in it.
func (d *doctor) database(ctx context.Context) bool {
	const name = "database"
	if d.c.DB == "" {
		if _, err := os.Stat(File(d.c.Data)); err != nil {
			d.fair(name, text("There is none yet in %s.", "%s 中尚无数据库。").Fill(d.c.Data),
				text("billfold serve makes one, or give --data or --db.", "billfold serve 会创建数据库，也可指定 --data 或 --db。"))
			return false
		}
	}
	var err error
	if d.a.DB, err = openDB(ctx, d.c, true); err != nil {
		d.fault(name, err)
		return false
	}
	f, err := d.a.DB.Facts(ctx)
	if err != nil {
		d.fault(name, err)
		return false
	}
	if d.a.DB.Engine() == db.SQLite {
		d.fine(name, text("SQLite %s, %s, synced at each commit (synchronous=full).", "SQLite %s，%s，每次提交均落盘（synchronous=full）。").
			Fill(f.Version, f.Settings["journal_mode"]))
		if mode := f.Settings["journal_mode"]; mode != "wal" {
			d.bad(name, text("journal_mode is %s.", "journal_mode 为 %s。").Fill(mode),
				text("Start billfold serve once; it sets wal.", "启动一次 billfold serve，它会设置为 wal。"))
		}
	} else {
		d.postgres(f)
	}
	facts, tag, err := peek(ctx, d.a.DB)
	if err != nil {
		d.fault(name, err)
		return false
	}
	d.facts, d.tag = facts, tag
	switch {
	case facts.ID == "":
		d.fair("installation", text("The database is empty.", "数据库为空。"), text("billfold serve", "billfold serve"))
		return false
	case facts.Mode == Sandbox:
		d.bad("installation", text("This is a sandbox, and stays one.", "这是沙盒，且永远是沙盒。"),
			text("Give real use a place of its own: billfold serve --data … (or --db …).", "请为正式使用另选位置：billfold serve --data …（或 --db …）。"))
	default:
		d.fine("installation", text("%s, for real use.", "%s，正式使用。").Fill(facts.ID))
	}
	return true
}

// postgres grades what decides whether an acknowledged commit survives a power cut.
func (d *doctor) postgres(f db.Facts) {
	const name = "database"
	host := hostOf(d.c.DB)
	d.fine(name, text("PostgreSQL %s at %s.", "PostgreSQL %s，位于 %s。").Fill(f.Version, host))
	for _, s := range []string{"fsync", "full_page_writes"} {
		if f.Settings[s] != "on" {
			d.bad(name, text("%s is off: a power cut loses or tears what was confirmed.", "%s 已关闭：断电会丢失或损坏已确认的数据。").Fill(s),
				text("alter system set %s = on; select pg_reload_conf();", "alter system set %s = on; select pg_reload_conf();").Fill(s))
		}
	}
	if f.Settings["data_checksums"] == "off" {
		d.fair(name, text("data_checksums is off: bytes that rot on the disk are not noticed when they are read.",
			"data_checksums 已关闭：读取时无法发现磁盘上损坏的字节。"),
			text("pg_checksums --enable, while PostgreSQL is stopped.", "停止 PostgreSQL 后执行 pg_checksums --enable。"))
	}
	if f.Settings["synchronous_commit"] == "off" {
		d.bad(name, text("synchronous_commit is off: a crash loses what was confirmed.", "synchronous_commit 已关闭：崩溃会丢失已确认的数据。"),
			text("alter role … set synchronous_commit = on;", "alter role … set synchronous_commit = on;"))
	}
	if f.Recovering {
		d.bad(name, text("It is a replica and takes no writes.", "这是只读副本，无法写入。"),
			text("Give the primary with --db.", "请用 --db 指定主库。"))
	}
	if f.Client != "" && !isLocal(f.Client) && !f.Encrypted {
		d.bad(name, text("The connection to another machine is not encrypted.", "与另一台机器的连接未加密。"),
			text("Add sslmode=verify-full to --db.", "在 --db 中加入 sslmode=verify-full。"))
	}
	if f.Superuser {
		d.fair(name, text("Billfold connects as a superuser, which it does not need.", "Billfold 以超级用户身份连接，并无必要。"),
			text("create role billfold login; alter database … owner to billfold;",
				"create role billfold login; alter database … owner to billfold;"))
	}
	if skew := d.a.Real.Now().Sub(f.Now).Abs(); skew > 2*time.Second {
		d.fair("clock", text("This machine and the database's differ by %s.", "本机与数据库服务器的时钟相差 %s。").Fill(skew.Round(time.Second).String()),
			text("Have both follow a time server.", "让两台机器都与时间服务器同步。"))
	}
}

func (d *doctor) schema(ctx context.Context) {
	switch err := d.a.DB.CheckSchema(ctx, Schemas...); {
	case errors.Is(err, db.ErrOlderSchema):
		d.fair("schema", text("The database is older than this program.", "数据库版本早于本程序。"), text("billfold migrate", "billfold migrate"))
	case err != nil:
		d.fault("schema", err)
	default:
		d.fine("schema", text("Every migration of Billfold %s was applied.", "Billfold %s 的迁移均已应用。").Fill(Version))
	}
}

// lastLegs is how many of the ledger's newest legs the doctor recomputes; billfold verify does all.
const lastLegs = 1_000

// books recomputes the newest entries, and says what the queue and the operators leave undone.
func (d *doctor) books(ctx context.Context) {
	if d.a.Keys == nil || d.a.DB.CheckSchema(ctx, Schemas...) != nil {
		return
	}
	var err error
	if d.a.URL, err = publicURL(d.c, nil); err != nil {
		d.a.URL, _ = publicURL(Config{Addr: "localhost:8080"}, nil)
	}
	d.a.Installation = d.facts
	if d.a.Config.Mode = d.facts.Mode; d.a.core() != nil {
		return
	}
	var first string
	report, err := d.a.Ledger.VerifyLast(ctx, d.a.DB, lastLegs, func(f ledger.Finding) {
		if first == "" {
			first = f.String()
		}
	})
	switch {
	case err != nil:
		d.fault("books", err)
	case report.Findings > 0:
		d.bad("books", text("The newest entries are not what was posted: %s", "最新分录与入账时不符：%s").Fill(first),
			text("billfold verify, and see docs/operating.md", "billfold verify，并参阅 docs/operating.md"))
	default:
		d.fine("books", text("The newest %s entries are as they were posted; billfold verify recomputes all.",
			"最新 %s 条分录与入账时一致；billfold verify 可重算全部。").Fill(fmt.Sprint(report.Entries)))
	}
	if last, err := d.a.books(ctx); err == nil && last.Known && !last.OK {
		d.bad("books", text("The last verify found something.", "上次核对发现问题。"), text("billfold verify", "billfold verify"))
	}
	if needed, err := d.a.NeedsOperator(ctx); err == nil && needed {
		d.fair("operator", text("Nobody is an operator.", "尚无运营者。"),
			text("Sign up, then open the link that billfold serve prints.", "先注册，再打开 billfold serve 输出的链接。"))
	} else if err == nil {
		d.fine("operator", text("There is one.", "已有运营者。"))
	}
}

// backups says what can be known about them: PostgreSQL's archive tells its age, a file tells nothing.
func (d *doctor) backups(ctx context.Context) {
	const name = "backups"
	if d.a.DB == nil {
		return
	}
	if d.a.DB.Engine() == db.SQLite {
		d.fair(name, text("Billfold cannot know whether there is a copy elsewhere.", "Billfold 无法得知别处是否有副本。"),
			text(`Every day: sqlite3 %s ".backup /elsewhere/billfold.db"; the keyring by itself, to another place.`,
				`每天执行：sqlite3 %s ".backup /elsewhere/billfold.db"；密钥库单独备份到另一处。`).Fill(File(d.c.Data)))
		return
	}
	f, err := d.a.DB.Facts(ctx)
	archive := text("archive_mode = on, with an archive_command such as pgBackRest's or WAL-G's.",
		"archive_mode = on，并配置 archive_command，例如 pgBackRest 或 WAL-G。")
	switch {
	case err != nil:
		d.fault(name, err)
	case f.Settings["archive_mode"] == "off":
		d.fair(name, text("PostgreSQL does not archive its log.", "PostgreSQL 未归档日志。"), archive)
	case f.ArchiveFailed.After(f.Archived):
		d.bad(name, text("PostgreSQL fails to archive its log, last at %s.", "PostgreSQL 归档日志失败，最近一次在 %s。").
			Fill(f.ArchiveFailed.Format(time.RFC3339)), archive)
	case f.Archived.IsZero():
		d.fair(name, text("PostgreSQL has not archived anything yet.", "PostgreSQL 尚未归档任何日志。"), archive)
	default:
		d.fine(name, text("PostgreSQL archived its log last %s ago.", "PostgreSQL 最近一次归档在 %s 前。").
			Fill(f.Now.Sub(f.Archived).Round(time.Second).String()))
	}
}

// port says whether serve could listen, and who does.
func (d *doctor) port(ctx context.Context) {
	const name = "port"
	ln, err := Listen(ctx, d.c.Addr)
	if err == nil {
		d.fine(name, text("%s is free.", "%s 空闲。").Fill(ln.Addr().String()))
		if !onlyHere(ln.Addr()) && d.c.TLSCert == "" {
			d.bad(name, ErrPlain.Title, ErrPlain.Fill(d.c.Addr).Detail)
		}
		ln.Close()
		return
	}
	who := holder(d.c.Addr)
	pid, _ := os.ReadFile(filepath.Join(d.c.Data, "billfold.lock"))
	if us := strings.TrimSpace(string(pid)); errors.Is(err, ErrAddress) && us != "" && strings.HasSuffix(who, "process "+us) {
		d.fine(name, text("%s is held by this installation's server (%s).", "%s 由本安装的服务器占用（%s）。").Fill(d.c.Addr, who))
		return
	}
	d.fault(name, err)
}

// address asks whether people are sent to where they can come.
func (d *doctor) address(ctx context.Context) {
	const name = "public url"
	u, err := publicURL(d.c, nil)
	if err != nil {
		d.fault(name, err)
		return
	}
	give := text("--public-url https://pay.example.org", "--public-url https://pay.example.org")
	switch {
	case isLocal(u.Hostname()):
		d.bad(name, text("%s can be opened on this machine only; links in mails and QR codes lead there.",
			"%s 只能在本机打开；邮件和二维码中的链接都指向它。").Fill(u.String()), give)
		return
	case net.ParseIP(u.Hostname()) == nil:
		limit, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if _, err := net.DefaultResolver.LookupHost(limit, u.Hostname()); err != nil {
			d.bad(name, text("The name %s does not resolve here.", "此处无法解析域名 %s。").Fill(u.Hostname()),
				text("Add an A or AAAA record for it, or correct --public-url.", "请为其添加 A 或 AAAA 记录，或更正 --public-url。"))
			return
		}
	}
	d.fine(name, text("%s", "%s").Fill(u.String()))
}

// mail signs in at the relay and leaves again.
func (d *doctor) mail(ctx context.Context) {
	const name = "mail"
	if d.c.MailServer == "" {
		d.bad(name, text("No relay: nobody gets the code to sign up with.", "未配置邮件中继：无人能收到注册验证码。"),
			text("--mail-server mail.example.org:587 --mail-from … (BILLFOLD_MAIL_PASSWORD)",
				"--mail-server mail.example.org:587 --mail-from …（BILLFOLD_MAIL_PASSWORD）"))
		return
	}
	sender, err := d.a.sender()
	if err != nil {
		d.fault(name, err)
		return
	}
	relay, ok := sender.(interface{ Check(context.Context) error })
	if !ok {
		return
	}
	limit, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := relay.Check(limit); err != nil {
		class, _, _ := strings.Cut(err.Error(), ":")
		d.bad(name, text("The relay %s does not take us: %s.", "邮件中继 %s 拒绝连接：%s。").Fill(d.c.MailServer, class),
			text("Check --mail-server, --mail-tls, --mail-user and BILLFOLD_MAIL_PASSWORD.",
				"请检查 --mail-server、--mail-tls、--mail-user 和 BILLFOLD_MAIL_PASSWORD。"))
		return
	}
	d.fine(name, text("The relay %s takes us.", "邮件中继 %s 可用。").Fill(d.c.MailServer))
	if strings.Contains(d.c.MailFrom, "@localhost") {
		d.fair(name, text("Mails come from %s, which nobody can answer.", "邮件的发件人为 %s，无法回复。").Fill(d.c.MailFrom),
			text(`--mail-from "Name <no-reply@example.org>"`, `--mail-from "名称 <no-reply@example.org>"`))
	}
}

// earliest is a moment before which no machine with a right clock runs this program.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *doctor) clock(context.Context) {
	const name = "clock"
	follow := text("timedatectl set-ntp true", "timedatectl set-ntp true")
	now := d.a.Real.Now()
	if now.Before(earliest) || now.After(earliest.AddDate(30, 0, 0)) {
		d.bad(name, text("This machine believes it is %s.", "本机认为现在是 %s。").Fill(now.Format(time.RFC3339)), follow)
		return
	}
	if d.a.DB != nil && d.facts.Mode == Live {
		if newest, err := d.newest(); err == nil && newest.After(now.Add(time.Minute)) {
			d.bad(name, text("The newest entry is of %s, which has not come yet: the clock went back.", "最新分录时间为 %s，尚未到来：时钟曾被调回。").
				Fill(newest.Format(time.RFC3339)), follow)
			return
		}
	}
	if synced, known := clockSynced(); known && !synced {
		d.fair(name, text("The system does not say that its clock follows a time server.", "系统未表明时钟已与时间服务器同步。"), follow)
		return
	}
	d.fine(name, text("%s", "%s").Fill(now.Format(time.RFC3339)))
}

// newest is when the newest entry was posted.
func (d *doctor) newest() (at time.Time, err error) {
	if d.a.Ledger == nil {
		return at, nil
	}
	err = d.a.DB.Read(context.Background(), func(tx *db.Tx) error {
		list, _, err := d.a.Ledger.Entries(tx, ledger.Filter{Limit: 1})
		if len(list) > 0 {
			at = list[0].At
		}
		return err
	})
	return at, err
}
