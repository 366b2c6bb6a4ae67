// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <fmt/format.h>

namespace oomtrace
{

namespace
{

StoreFailure failure_of(int extended_code, int error_number)
{
    // What a cut or damaged file gives where SQLite had counted on a whole page.
    if (extended_code == SQLITE_IOERR_SHORT_READ || extended_code == SQLITE_IOERR_CORRUPTFS)
        return StoreFailure::corrupt;
    switch (extended_code & 0xff) {
    case SQLITE_FULL:
        return StoreFailure::disk_full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return StoreFailure::read_only;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return StoreFailure::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return StoreFailure::busy;
    case SQLITE_NOMEM:
        return StoreFailure::no_memory;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return failure_of_errno(error_number);
    default:
        return StoreFailure::other;
    }
}

const char *hint_of(StoreFailure failure)
{
    switch (failure) {
    case StoreFailure::disk_full:
        return "free some space on its filesystem, or lower the store's size";
    case StoreFailure::read_only:
        return "check the owner and the mode of the file and its directory, and whether the filesystem is mounted read-only";
    case StoreFailure::missing:
        return "check the path";
    case StoreFailure::corrupt:
        return "the agent moves a damaged store aside when it next writes, and begins a new one";
    case StoreFailure::foreign:
        return "name another file";
    case StoreFailure::newer_version:
        return "use that version, or name another file";
    case StoreFailure::busy:
        return "another process holds it; try again";
    case StoreFailure::io:
        return "see the kernel's log for the device";
    case StoreFailure::no_memory:
        return "";
    case StoreFailure::other:
        return "please report this, with the version";
    }
    return "";
}

// errno, as far as SQLite tells: of the connection, or else what the file or its WAL remember of their last error.
int errno_of(sqlite3 *handle)
{
    if (handle == nullptr)
        return 0;
    int error_number = sqlite3_system_errno(handle);
    sqlite3_file *wal = nullptr;
    if (error_number == 0)
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error_number);
    if (error_number == 0 &&
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void *>(&wal)) == SQLITE_OK &&
        wal != nullptr && wal->pMethods != nullptr)
        wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error_number);
    return error_number;
}

StoreError error_of(sqlite3 *handle, int code, std::string attempted)
{
    const int error_number = errno_of(handle);
    const StoreFailure failure = failure_of(code, error_number);
    std::string reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    // SQLite's own text for all of these is "disk I/O error" or "unable to open database file".
    const int primary = code & 0xff;
    if ((primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR) && error_number != 0)
        reason += fmt::format(" ({})", std::generic_category().message(error_number));
    return {failure, {std::move(attempted), std::move(reason), hint_of(failure)}};
}

} // namespace

Statement &Statement::bind(std::int64_t value)
{
    bind_status_ |= sqlite3_bind_int64(statement_.get(), ++parameters_, value);
    return *this;
}

Statement &Statement::bind(std::string_view text)
{
    bind_status_ |= sqlite3_bind_text64(statement_.get(), ++parameters_, text.data() == nullptr ? "" : text.data(), text.size(),
                                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Statement &Statement::bind_blob(std::string_view bytes)
{
    bind_status_ |= sqlite3_bind_blob64(statement_.get(), ++parameters_, bytes.data() == nullptr ? "" : bytes.data(),
                                        bytes.size(), SQLITE_TRANSIENT);
    return *this;
}

Statement &Statement::bind(const std::optional<std::int64_t> &value)
{
    if (value)
        return bind(*value);
    bind_status_ |= sqlite3_bind_null(statement_.get(), ++parameters_);
    return *this;
}

StoreResult<bool> Statement::step()
{
    if (bind_status_ != SQLITE_OK)
        return tl::unexpected(error_of(nullptr, SQLITE_MISUSE, attempted_));
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return code == SQLITE_ROW;
    sqlite3 *const handle = sqlite3_db_handle(statement_.get());
    return tl::unexpected(error_of(handle, sqlite3_extended_errcode(handle), attempted_));
}

StoreResult<void> Statement::run()
{
    StoreResult<bool> row = true;
    while (row && *row)
        row = step();
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    parameters_ = 0;
    if (!row)
        return tl::unexpected(std::move(row.error()));
    return {};
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const
{
    if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL)
        return std::nullopt;
    return integer(column);
}

std::string Statement::text(int column) const
{
    const void *const bytes = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr ? std::string() : std::string(static_cast<const char *>(bytes), static_cast<std::size_t>(size));
}

StoreResult<Database> Database::open(const std::string &file, int flags, std::string name)
{
    sqlite3 *handle = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    Database database(handle, std::move(name));
    if (code != SQLITE_OK)
        return tl::unexpected(error_of(handle, code, database.attempted("open the store")));
    return database;
}

StoreResult<void> Database::execute(const char *sql, std::string_view what)
{
    const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected(error_of(handle(), sqlite3_extended_errcode(handle()), attempted(what)));
    return {};
}

StoreResult<Statement> Database::prepare(std::string_view sql, std::string_view what)
{
    sqlite3_stmt *statement = nullptr;
    const int code = sqlite3_prepare_v2(handle(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected(error_of(handle(), sqlite3_extended_errcode(handle()), attempted(what)));
    return Statement(statement, attempted(what));
}

StoreResult<std::int64_t> Database::number(std::string_view sql, std::string_view what)
{
    auto statement = prepare(sql, what);
    if (!statement)
        return tl::unexpected(std::move(statement.error()));
    const auto row = statement->step();
    if (!row)
        return tl::unexpected(row.error());
    return *row ? statement->integer(0) : 0;
}

std::string Database::attempted(std::string_view what) const
{
    return fmt::format("{} {}", what, name_);
}

StoreResult<Transaction> Transaction::begin(Database &database, std::string_view attempted)
{
    if (auto begun = database.execute("BEGIN IMMEDIATE", attempted); !begun)
        return tl::unexpected(std::move(begun.error()));
    return Transaction(database);
}

Transaction::~Transaction()
{
    // Some errors have rolled back already; that this then fails is right.
    if (database_ != nullptr)
        sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

StoreResult<void> Transaction::commit(std::string_view attempted)
{
    if (auto committed = database_->execute("COMMIT", attempted); !committed)
        return committed;
    database_ = nullptr;
    return {};
}

} // namespace oomtrace
