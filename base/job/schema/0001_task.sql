create table job_task (
	id text primary key,
	kind text not null,
	key text not null,
	due_at bigint not null,
	real boolean not null,
	payload bytea,
	attempts bigint not null default 0,
	not_before bigint not null default 0,
	last_error text,
	unique (kind, key)
);
create index job_task_due on job_task (real, due_at);
