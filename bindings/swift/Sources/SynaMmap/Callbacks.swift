import CSynaMmap
import Foundation

/// A condition under way, and what it has thrown. Nothing may be thrown into C.
final class Condition {
    private let test: (Row) throws -> Bool
    private let shape: Shape
    private let lock = NSLock()
    private var failure: Error?

    init(_ test: @escaping (Row) throws -> Bool, _ shape: Shape) {
        self.test = test
        self.shape = shape
    }

    var thrown: Error? {
        lock.lock()
        defer { lock.unlock() }
        return failure
    }

    func ask(_ row: syna_mmap_row) -> Bool {
        do {
            return try test(Row(raw: row, shape: shape))
        } catch {
            lock.lock()
            defer { lock.unlock() }
            failure = error
            return false
        }
    }
}

/// Who is told how far a call is, and what that has thrown.
private final class Reporting {
    private let tell: (UInt64, UInt64) throws -> Bool
    private(set) var thrown: Error?

    init(_ tell: @escaping (UInt64, UInt64) throws -> Bool) { self.tell = tell }

    func report(_ done: UInt64, _ total: UInt64) -> Bool {
        do {
            return try tell(done, total)
        } catch {
            thrown = error
            return false
        }
    }
}

/// The findings so far, who is told of them, and what that has thrown.
private final class Verification {
    private let tell: ((Finding?, UInt64, UInt64) throws -> Bool)?
    private(set) var findings: [Finding] = []
    private(set) var thrown: Error?

    init(_ tell: ((Finding?, UInt64, UInt64) throws -> Bool)?) { self.tell = tell }

    func report(_ found: UnsafePointer<syna_mmap_finding>?, _ done: UInt64, _ total: UInt64) -> Bool {
        var finding: Finding?
        if let found = found?.pointee {
            let key = UnsafeRawBufferPointer(start: found.key, count: found.key_len)
            let made = Finding(
                keyBytes: [UInt8](key), row: found.row, problem: found.problem, message: String(cString: found.message))
            findings.append(made)
            finding = made
        }
        do {
            return try tell?(finding, done, total) ?? true
        } catch {
            thrown = error
            return false
        }
    }
}

/// Calls `body` with a callback for progress; throws what `tell` has thrown.
private func withProgress(
    _ tell: ((UInt64, UInt64) throws -> Bool)?,
    _ body: (syna_mmap_progress_callback?, UnsafeMutableRawPointer?) throws -> Void
) throws {
    guard let tell = tell else { return try body(nil, nil) }
    let reporting = Reporting(tell)
    let callback: syna_mmap_progress_callback = { context, done, total in
        Unmanaged<Reporting>.fromOpaque(context!).takeUnretainedValue().report(done, total)
    }
    defer { withExtendedLifetime(reporting) {} }
    do {
        try body(callback, Unmanaged.passUnretained(reporting).toOpaque())
    } catch {
        throw reporting.thrown ?? error
    }
    if let thrown = reporting.thrown { throw thrown }
}

/// Long calls. `tell` is told how many rows of how many are done, and returns false to stop, which throws `.cancelled`.
extension Store {
    /// As `buildIndex()`, with progress.
    public func buildIndex(_ tell: @escaping (UInt64, UInt64) throws -> Bool) throws {
        try withProgress(tell) { callback, context in
            try check { syna_mmap_build_index_with(handle, callback, context, $0) }
        }
    }

    /// Proves that the store is whole; what is not. `tell` is told of progress, and at the end of each finding.
    public func verify(_ tell: ((Finding?, UInt64, UInt64) throws -> Bool)? = nil) throws -> [Finding] {
        let verification = Verification(tell)
        let callback: syna_mmap_verify_callback = { context, finding, done, total in
            Unmanaged<Verification>.fromOpaque(context!).takeUnretainedValue().report(finding, done, total)
        }
        let context = Unmanaged.passUnretained(verification).toOpaque()
        defer { withExtendedLifetime(verification) {} }
        do {
            try check { syna_mmap_verify(handle, callback, context, nil, $0) }
        } catch {
            throw verification.thrown ?? error
        }
        return verification.findings
    }

    /// Gives back the disk space of deleted rows. Rows get new numbers.
    public func compact(_ tell: ((UInt64, UInt64) throws -> Bool)? = nil) throws {
        try withProgress(tell) { callback, context in
            try check { syna_mmap_compact(handle, callback, context, $0) }
        }
    }

    /// The live rows of this moment in a new file: a backup.
    public func snapshot(to path: String, _ tell: ((UInt64, UInt64) throws -> Bool)? = nil) throws {
        try checkPath(path)
        try withProgress(tell) { callback, context in
            try check { syna_mmap_snapshot_to(handle, path, callback, context, $0) }
        }
    }
}

/// How much something in the log matters; lower numbers matter more.
public enum LogLevel: UInt32, Sendable {
    case error = 1
    case warning, info, debug
}

/// The library's log.
public enum Log {
    private final class Listener {
        let tell: (LogLevel, String) -> Void

        init(_ tell: @escaping (LogLevel, String) -> Void) { self.tell = tell }
    }

    private static let lock = NSLock()
    // Kept, since the library has no more than its address.
    private static var listener: Listener?

    /// Sets who hears what the library has to say, of all stores of the process, up to a level; nil: nobody. It is called
    /// by any thread, several at once, and must not call this library.
    public static func listen(upTo most: LogLevel, _ tell: ((LogLevel, String) -> Void)?) throws {
        lock.lock()
        defer { lock.unlock() }
        guard let tell = tell else {
            try check { syna_mmap_set_log(most.rawValue, nil, nil, $0) }
            listener = nil
            return
        }
        let next = Listener(tell)
        let callback: syna_mmap_log_callback = { context, level, text, length in
            let bytes = UnsafeRawBufferPointer(start: text, count: length)
            Unmanaged<Listener>.fromOpaque(context!).takeUnretainedValue()
                .tell(LogLevel(rawValue: level) ?? .debug, String(decoding: bytes, as: UTF8.self))
        }
        let context = Unmanaged.passUnretained(next).toOpaque()
        try check { syna_mmap_set_log(most.rawValue, callback, context, $0) }
        // The former one is no longer running.
        listener = next
    }
}
