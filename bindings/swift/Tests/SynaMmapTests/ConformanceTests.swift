import XCTest

final class ConformanceTests: XCTestCase {
    func testCases() throws {
        let replay = try Replay()
        do {
            try replay.run()
        } catch {
            XCTFail("\(replay.place): \(error)")
        }
    }
}
