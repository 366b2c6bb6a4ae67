// SPDX-License-Identifier: Apache-2.0
//
// database.h: SQLite with owned handles and errors as values. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "store/store_error.h"

namespace oomtrace
{

class Statement
{
  public:
    explicit Statement(sqlite3_stmt *statement, std::string attempted) : statement_(statement), attempted_(std::move(attempted))
    {
    }

    // Parameters are numbered by the order of the calls, from 1. Texts may hold any bytes, and are copied.
    Statement &bind(std::int64_t value);
    Statement &bind(std::string_view text);
    Statement &bind_blob(std::string_view bytes);
    Statement &bind(const std::optional<std::int64_t> &value); // empty: NULL

    StoreResult<bool> step(); // true: there is a row
    StoreResult<void> run();  // to the end, for statements without rows; then ready for the next parameters

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
    [[nodiscard]] std::string text(int column) const; // a blob's bytes too

  private:
    struct Finalize {
        void operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    std::string attempted_;
    int parameters_ = 0;
    int bind_status_ = SQLITE_OK;
};

class Database
{
  public:
    // `file`: a path, or a URI with SQLITE_OPEN_URI in `flags`. `name` is what errors call it.
    static StoreResult<Database> open(const std::string &file, int flags, std::string name);

    StoreResult<void> execute(const char *sql, std::string_view what);
    StoreResult<Statement> prepare(std::string_view sql, std::string_view what);
    // The one number that a query (PRAGMA page_count) gives; 0 without a row.
    StoreResult<std::int64_t> number(std::string_view sql, std::string_view what);

    [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
    [[nodiscard]] sqlite3 *handle() const { return handle_.get(); }
    [[nodiscard]] const std::string &name() const { return name_; }
    // "store incidents in /var/lib/oomtrace/incidents.db"
    [[nodiscard]] std::string attempted(std::string_view what) const;

  private:
    struct Close {
        void operator()(sqlite3 *handle) const { sqlite3_close_v2(handle); }
    };
    explicit Database(sqlite3 *handle, std::string name) : handle_(handle), name_(std::move(name)) {}

    std::unique_ptr<sqlite3, Close> handle_;
    std::string name_;
};

// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction
{
  public:
    static StoreResult<Transaction> begin(Database &database, std::string_view attempted);
    Transaction(Transaction &&other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction &operator=(Transaction &&) = delete;
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;
    ~Transaction();
    StoreResult<void> commit(std::string_view attempted);

  private:
    explicit Transaction(Database &database) : database_(&database) {}
    Database *database_;
};

} // namespace oomtrace
